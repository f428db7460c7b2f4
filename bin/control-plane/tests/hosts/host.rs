//! A host: the real hydra, above launchers and a manager of outputs that are doubles.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::outputs::Outputs;
use crate::plane::Plane;
use crate::process::{Process, Says, fake_launcher, processes_of, program};

const PROFILE: &str = "name = 'weston'\nsummary = 'for tests'\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n\
                       [limits]\nmemory_mib = 64\n";

/// A host, before, between and after its lives.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) outputs: Outputs,
    folder: TempDir,
    hydra: Option<Process>,
}

impl Host {
    /// A host that dials in, and has so many outputs.
    pub(crate) fn start(plane: &Plane, name: &'static str, token: &str, outputs: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let share = folder.path().join("profiles/weston/usr/share/lunette");
        fs::create_dir_all(&share).unwrap();
        fs::write(share.join("profile.toml"), PROFILE).unwrap();
        fs::write(folder.path().join("dial.token"), token).unwrap();
        let outputs = Outputs::start(&folder.path().join("drm"), outputs);
        let mut host = Self { name, outputs, folder, hydra: None };
        host.begin(plane);
        host
    }

    /// Begins, where it is dead.
    pub(crate) fn begin(&mut self, plane: &Plane) {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = program("hydra");
        command.arg("serve").arg("--socket").arg(at("hydra.sock")).arg("--dir").arg(at("run"));
        command.arg("--profiles").arg(at("profiles")).arg("--launcher").arg(fake_launcher());
        command.arg("--lease-socket").arg(at("drm/drm.sock")).args(["--disks", "", "--backend", "runc"]);
        // How busy this machine is with other tests is no matter of these hosts.
        command.args(["--overcommit", "--max-desktops", "3", "--dial", &format!("http://{}", plane.address)]);
        command.args(["--dial-name", self.name, "--dial-token-file"]).arg(at("dial.token"));
        self.hydra = Some(Process::start("hydra", command, Says::Stderr, "ready").0);
        plane.until_host(self.name, "is here", |host| host["state"] == "here");
    }

    /// SIGKILL for hydra; launchers do not notice.
    pub(crate) fn kill_hydra(&mut self) {
        self.hydra.take().unwrap().kill();
    }

    /// SIGKILL for all of it.
    pub(crate) fn kill(&mut self) {
        self.kill_hydra();
        self.launchers().values().for_each(|pid| kill_process(*pid, Signal::KILL).unwrap());
    }

    /// Ends hydra, which has to leave nothing.
    pub(crate) fn end(mut self) {
        self.hydra.take().unwrap().end();
        assert_eq!(processes_of(self.folder.path()), [], "{}", self.name);
        let left: Vec<PathBuf> = fs::read_dir(self.desktops()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, <[PathBuf; 0]>::default(), "{}", self.name);
    }

    fn desktops(&self) -> PathBuf {
        self.folder.path().join("run/desktops")
    }

    /// Launchers that run, by their desktops.
    pub(crate) fn launchers(&self) -> BTreeMap<String, Pid> {
        let folders = fs::read_dir(self.desktops()).unwrap().map(|entry| entry.unwrap());
        let found = folders.filter_map(|folder| {
            let pid = processes_of(&folder.path()).first().copied()?;
            Some((folder.file_name().to_str()?.to_owned(), pid))
        });
        found.collect()
    }
}

impl Drop for Host {
    /// Launchers outlive hydra by design, but not a test.
    fn drop(&mut self) {
        drop(self.hydra.take());
        for pid in processes_of(self.folder.path()) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
