//! One launcher's process: started, found again, ended.
//!
//! A launcher is no child in the usual sense: it outlives us. What identifies it is its command line with its desktop's
//! folder in it, looked at through a pidfd, so that another process with the same number is never taken for it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use lunette_desktop::{BackendKind, Order, Places};
use lunette_sys_process::Held;
use rustix::process::{Pid, Signal, WaitIdOptions, getuid, kill_process_group};

use super::folder;
use crate::config::Config;

/// Variables that are the service manager's word to us alone.
const NOT_THEIRS: [&str; 10] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "SYSTEMD_EXEC_PID",
    "CREDENTIALS_DIRECTORY",
];

/// A process that runs one desktop.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    pid: Pid,
    held: Arc<Held>,
}

impl Launcher {
    /// Starts one. It is in a process group of its own, so that nothing that is typed at our terminal reaches it.
    pub(crate) fn spawn(config: &Config, places: &Places, order: &Order) -> io::Result<Self> {
        let log = folder::launcher_log(places)?;
        let mut command = Command::new(&config.launcher);
        command.arg("--dir").arg(places.folder()).arg("--lease-socket").arg(&config.lease_socket);
        command.args(["--host", &config.host, "--log", &config.log]);
        if order.backend == BackendKind::Docker {
            command.arg("--docker-socket").arg(&config.docker_socket);
        }
        for name in NOT_THEIRS {
            command.env_remove(name);
        }
        command.current_dir("/").process_group(0);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        // Not reaped before we do, so that this is its pid.
        Self::open(pid)
    }

    /// Finds the launcher of this folder that an earlier hydra started.
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut found: Vec<(u64, Self)> = pids.filter_map(Pid::from_raw).filter_map(|pid| at(pid, folder)).collect();
        // A launcher that has just forked is there twice; it is the older one.
        found.sort_by_key(|(started, _)| *started);
        found.into_iter().next().map(|(_, launcher)| launcher)
    }

    fn open(pid: Pid) -> io::Result<Self> {
        Ok(Self { pid, held: Arc::new(Held::open(pid)?) })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Sends it a signal; one that is gone already is no error.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Err(error) = self.held.signal(signal) {
            tracing::error!(%error, pid = self.pid(), ?signal, "cannot signal a launcher");
        }
    }

    /// Waits for its end, and reaps it when it is our child.
    pub(crate) async fn ended(&self) {
        if let Err(error) = self.held.ended().await {
            tracing::error!(%error, pid = self.pid(), "cannot wait for a launcher");
        }
        // A runc that it had started goes on otherwise, and makes what the sweep has just looked for.
        let _ = kill_process_group(self.pid, Signal::KILL);
        // Somebody else's child is not ours to reap.
        if let Ok(Some(status)) = self.held.reap(WaitIdOptions::NOHANG) {
            let (status, signal) = (status.exit_status(), status.terminating_signal());
            tracing::debug!(pid = self.pid(), ?status, ?signal, "launcher ended");
        }
    }
}

/// Looks twice, the second time with the process held: then its number cannot be another's any more.
fn at(pid: Pid, folder: &Path) -> Option<(u64, Launcher)> {
    let is_it = || serves(pid, folder);
    if !is_it() {
        return None;
    }
    let launcher = Launcher::open(pid).ok()?;
    let started = started(pid)?;
    is_it().then_some((started, launcher))
}

/// Whether this is a live process of ours with `--dir FOLDER`.
fn serves(pid: Pid, folder: &Path) -> bool {
    let proc = format!("/proc/{}", pid.as_raw_nonzero());
    let ours = fs::metadata(&proc).is_ok_and(|found| found.uid() == getuid().as_raw());
    let Some(line) = fs::read(format!("{proc}/cmdline")).ok().filter(|_| ours) else { return false };
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    words.windows(2).any(|pair| pair[0] == b"--dir" && pair[1] == folder.as_os_str().as_encoded_bytes())
}

/// In ticks since the machine started: the 22nd field, behind a name that may hold anything.
fn started(pid: Pid) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn a_process_is_found_by_its_folder_and_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "echo; read line", "sh", "--dir"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Until then the kernel may not have given it its command line.
        child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let found = Launcher::find(folder.path()).expect("it runs");
        assert_eq!(u32::try_from(found.pid()), Ok(child.id()));
        assert!(Launcher::find(&folder.path().join("x")).is_none());
        drop(child.stdin.take());
        found.ended().await;
        assert!(Launcher::find(folder.path()).is_none());
        // Reaped above.
        assert!(child.wait().is_err());
    }
}
