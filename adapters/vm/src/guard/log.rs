//! Logs with a limit.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The size at which a log becomes `….old` and a new one begins.
pub const LOG_CAP: u64 = 4 << 20;

/// The longest line that is searched.
const LINE_CAP: usize = 4096;

/// A log of at most twice the cap.
#[derive(Debug)]
pub(crate) struct CappedLog {
    path: PathBuf,
    cap: u64,
    file: File,
    size: u64,
}

impl CappedLog {
    /// Begins a log.
    pub(crate) fn create(path: &Path, cap: u64) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), cap, file: fresh(path)?, size: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= self.cap {
            fs::rename(&self.path, old(&self.path))?;
            self.file = fresh(&self.path)?;
            self.size = 0;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }
}

fn fresh(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn old(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".old");
    PathBuf::from(name)
}

/// The last bytes of a log, from the beginning of a line; empty when there is none.
pub(crate) fn tail(path: &Path, most: u64) -> String {
    let recent = read_end(path, most);
    if recent.len() as u64 >= most {
        return whole_lines(&recent);
    }
    let mut bytes = read_end(&old(path), most - recent.len() as u64);
    bytes.extend_from_slice(&recent);
    if (bytes.len() as u64) < most { String::from_utf8_lossy(&bytes).into_owned() } else { whole_lines(&bytes) }
}

fn read_end(path: &Path, most: u64) -> Vec<u8> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().unwrap_or_default()
}

fn whole_lines(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    String::from_utf8_lossy(&bytes[start..]).into_owned()
}

/// Looks for a text in the lines of a stream.
#[derive(Debug)]
pub(crate) struct LineWatch {
    text: Vec<u8>,
    line: Vec<u8>,
}

impl LineWatch {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.as_bytes().to_vec(), line: Vec::new() }
    }

    /// Takes the next bytes; returns in how many lines that ended the text was.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        let mut seen = 0;
        for &byte in bytes {
            if byte == b'\n' {
                seen += usize::from(self.matches());
                self.line.clear();
            } else if self.line.len() < LINE_CAP {
                self.line.push(byte);
            }
        }
        seen
    }

    fn matches(&self) -> bool {
        !self.text.is_empty() && self.line.windows(self.text.len()).any(|part| part == self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_the_end_and_never_more_than_twice_its_cap() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = CappedLog::create(&path, 100).unwrap();
        for number in 0..1000 {
            log.write(format!("line {number:04}\n").as_bytes()).unwrap();
            let kept: u64 = [path.clone(), old(&path)].iter().filter_map(|p| p.metadata().ok()).map(|m| m.len()).sum();
            assert!(kept <= 220, "{kept}");
        }
        assert_eq!(tail(&path, 25), "line 0998\nline 0999\n");
        assert_eq!(tail(&path, 10_000).lines().last(), Some("line 0999"));
    }

    #[test]
    fn the_tail_of_nothing_is_empty() {
        assert_eq!(tail(Path::new("/no/such/log"), 10), "");
    }

    #[test]
    fn a_line_is_found_however_it_is_cut() {
        let mut watch = LineWatch::new("lunette: ready");
        let text = b"[ 1.0] lunette: ready\r\nlunette: re\nady\n";
        assert_eq!(text.iter().map(|byte| watch.take(&[*byte])).sum::<usize>(), 1);
        assert_eq!(watch.take(text), 1);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut watch = LineWatch::new("x");
        watch.take(&vec![b'y'; 3 * LINE_CAP]);
        assert_eq!(watch.line.len(), LINE_CAP);
    }
}
