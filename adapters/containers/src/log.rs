//! What a desktop's programs print, in a file that does not grow without bound.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crate::Error;

/// A file of this size becomes the old one; there is one old one.
const LONGEST: u64 = 8 << 20;

/// Copies `from` to the file at `path` until its end, on a thread of its own. A desktop that prints faster than disks
/// write waits; one whose disk is full loses what it prints.
pub(crate) fn keep(from: impl Read + Send + 'static, path: &Path) -> Result<JoinHandle<()>, Error> {
    let mut log = LogFile::open(path.to_owned(), LONGEST).map_err(Error::file("open the log", path))?;
    let work = move || log.copy(from);
    thread::Builder::new().name("desktop-log".to_owned()).spawn(work).map_err(Error::process("start a thread"))
}

/// A log of which the newest part is kept, behind what was there before.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    longest: u64,
}

impl LogFile {
    /// One that becomes the old one when it has `longest` bytes; one old one is kept, under its name and `.1`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: PathBuf, longest: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, longest })
    }

    fn copy(&mut self, mut from: impl Read) {
        let mut buffer = [0; 8192];
        let mut told = false;
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    if let Err(error) = self.write(&buffer[..count])
                        && !told
                    {
                        told = true;
                        tracing::warn!(path = %self.path.display(), %error, "a desktop's log cannot be written");
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Appends.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= self.longest {
            fs::rename(&self.path, old(&self.path))?;
            *self = Self::open(self.path.clone(), self.longest)?;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }
}

fn old(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_old_file_is_kept_and_the_end_is_in_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desktop.log");
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        LogFile::open(path.clone(), 30_000).unwrap().copy(&text[..]);
        let (new, old) = (fs::read(&path).unwrap(), fs::read(old(&path)).unwrap());
        assert!(new.len() < 40_000 && old.len() < 40_000);
        assert!(text.ends_with(&[old, new].concat()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_log_goes_on_where_it_ended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desktop.log");
        for part in [&b"a"[..], b"b"] {
            LogFile::open(path.clone(), 10).unwrap().copy(part);
        }
        assert_eq!(fs::read(&path).unwrap(), b"ab");
    }
}
