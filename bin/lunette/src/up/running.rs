//! Whether a `lunette up` of this folder runs, and where it serves.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// What is told of it to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Its process.
    pub(crate) pid: i32,
    /// Where it serves; empty while it starts.
    pub(crate) url: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its machine's name.
    pub(crate) machine: String,
}

impl Known {
    /// Whether its process is there: one that was killed leaves what it told.
    pub(crate) fn lives(&self) -> bool {
        Pid::from_raw(self.pid).is_some_and(|pid| test_kill_process(pid).is_ok())
    }
}

/// Holds the folder while it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    folder: PathBuf,
    _file: File,
}

/// How things stand.
pub(crate) enum Standing {
    /// One runs.
    Runs(Known),
    /// None does; now nobody else begins.
    Free(Lock),
}

/// Looks, and takes the folder where nobody has it.
pub(crate) fn look(folder: &Path) -> Result<Standing> {
    let fail = || format!("cannot use {}", folder.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(fail)?;
    let file = File::create(folder.join("up.lock")).with_context(fail)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Standing::Free(Lock { folder: folder.to_owned(), _file: file })),
        Err(Errno::AGAIN) => match known(folder) {
            Some(known) => Ok(Standing::Runs(known)),
            None => bail!("another `lunette up` is just beginning or ending in {}: try again", folder.display()),
        },
        Err(error) => Err(error).with_context(fail),
    }
}

/// What one that runs, or ran, told.
pub(crate) fn known(folder: &Path) -> Option<Known> {
    serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()
}

fn path(folder: &Path) -> PathBuf {
    folder.join("up.json")
}

impl Lock {
    /// The folder that it holds.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells others.
    pub(crate) fn tell(&self, url: &str, machine: &str) -> Result<()> {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let known = Known { pid, url: url.to_owned(), folder: self.folder.clone(), machine: machine.to_owned() };
        let fresh = self.folder.join("up.json.new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(&known)?)?;
        Ok(fs::rename(fresh, path(&self.folder))?)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It may not have been written.
        let _ = fs::remove_file(path(&self.folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runs_at_a_time_and_others_hear_where() {
        let folder = tempfile::tempdir().unwrap();
        let Standing::Free(lock) = look(folder.path()).unwrap() else { panic!("free") };
        assert!(look(folder.path()).is_err(), "it has told nothing yet");
        lock.tell("http://127.0.0.1:1/", "up-x").unwrap();
        let Standing::Runs(told) = look(folder.path()).unwrap() else { panic!("it runs") };
        assert_eq!(told.url, "http://127.0.0.1:1/");
        drop(lock);
        assert!(matches!(look(folder.path()).unwrap(), Standing::Free(_)));
        assert_eq!(known(folder.path()), None);
    }
}
