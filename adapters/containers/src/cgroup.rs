//! Numbers and ends of processes by cgroup v2.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_desktop::DesktopId;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::Error;

const MOUNT: &str = "/sys/fs/cgroup";
/// Between two looks at whether a killed cgroup is empty.
const PATIENCE: Duration = Duration::from_millis(20);
/// A killed process is gone within milliseconds, one in the middle of writing to a disk within seconds.
const LIMIT: Duration = Duration::from_secs(10);

/// What a desktop used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Processor time in microseconds.
    pub cpu_usec: u64,
    /// Memory now, with its caches and what it wrote to its root.
    pub memory_bytes: u64,
    /// Processes and threads now.
    pub pids: u64,
    /// Processes that were ended for lack of memory.
    pub oom_kills: u64,
    /// Read from block devices.
    pub read_bytes: u64,
    /// Written to block devices.
    pub written_bytes: u64,
}

/// Whether this machine has cgroup v2 with controllers.
pub(crate) fn is_unified() -> bool {
    Path::new(MOUNT).join("cgroup.controllers").exists()
}

/// Where a desktop's container is, below the root of all cgroups.
pub(crate) fn path_of(id: &DesktopId) -> String {
    format!("/lunette/{id}")
}

/// One container's cgroup.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    /// Of this desktop's container.
    pub(crate) fn of(id: &DesktopId) -> Self {
        Self(Path::new(MOUNT).join(&path_of(id)[1..]))
    }

    /// What it used so far.
    pub(crate) fn stats(&self) -> Result<Stats, Error> {
        if !self.0.join("cgroup.procs").exists() || !is_unified() {
            return Err(Error::NoCgroup(self.0.clone()));
        }
        let io = self.table("io.stat");
        let total = |key: &str| io.iter().filter(|(name, _)| name == key).map(|(_, value)| value).sum();
        Ok(Stats {
            cpu_usec: self.keyed("cpu.stat", "usage_usec"),
            memory_bytes: self.number("memory.current"),
            pids: self.number("pids.current"),
            oom_kills: self.oom_kills(),
            read_bytes: total("rbytes"),
            written_bytes: total("wbytes"),
        })
    }

    /// How many of its processes were ended for lack of memory; 0 where that is not known.
    pub(crate) fn oom_kills(&self) -> u64 {
        self.keyed("memory.events", "oom_kill")
    }

    /// Ends all of its processes and waits until none is left; says whether there was any.
    pub(crate) async fn kill(&self) -> Result<bool, Error> {
        if !self.populated() {
            return Ok(false);
        }
        let path = self.0.join("cgroup.kill");
        fs::write(&path, "1").map_err(Error::file("write", &path))?;
        let until = Instant::now() + LIMIT;
        while self.populated() {
            if Instant::now() >= until {
                return Err(Error::Late { what: "killing the processes of a desktop", limit: LIMIT });
            }
            sleep(PATIENCE).await;
        }
        Ok(true)
    }

    /// Removes it and what is below it; says whether there was anything.
    pub(crate) fn remove(&self) -> Result<bool, Error> {
        remove_tree(&self.0).map_err(Error::file("remove the cgroup", &self.0))
    }

    fn populated(&self) -> bool {
        self.keyed("cgroup.events", "populated") == 1
    }

    fn number(&self, file: &str) -> u64 {
        fs::read_to_string(self.0.join(file)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    fn keyed(&self, file: &str, key: &str) -> u64 {
        let text = fs::read_to_string(self.0.join(file)).unwrap_or_default();
        let pairs: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        pairs.get(key).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// All `key=value` of a file with one device per line.
    fn table(&self, file: &str) -> Vec<(String, u64)> {
        let text = fs::read_to_string(self.0.join(file)).unwrap_or_default();
        let pair = |word: &str| word.split_once('=').and_then(|(key, v)| Some((key.to_owned(), v.parse().ok()?)));
        text.split_whitespace().filter_map(pair).collect()
    }
}

/// Folders of a cgroup go from the innermost; its files are the kernel's and stay out of it.
fn remove_tree(path: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_kernel_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        let cgroup = Cgroup(dir.path().to_owned());
        let write = |file: &str, text: &str| fs::write(dir.path().join(file), text).unwrap();
        write("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 1\n");
        write("memory.current", "4096\n");
        write("io.stat", "254:0 rbytes=10 wbytes=1 rios=1\n254:16 rbytes=5 wbytes=2\n");
        assert_eq!((cgroup.oom_kills(), cgroup.number("memory.current"), cgroup.number("none")), (2, 4096, 0));
        assert_eq!(cgroup.table("io.stat").iter().filter(|(key, _)| key == "rbytes").count(), 2);
    }
}
