//! A QEMU whose processor does not run: its console shows something, and its outputs can be switched.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lunette_qmp::Qmp;
use tempfile::TempDir;

use super::{eventually, not_run};

const QEMU: &str = "qemu-system-x86_64";
/// How long QEMU may take for one command.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a machine runs now and then. Dropping it ends QEMU.
pub(crate) struct Machine {
    folder: TempDir,
    qemu: Option<Child>,
}

impl Machine {
    /// A machine that is switched off; `None`, and a word why, where there is no QEMU that has what it takes.
    pub(crate) fn off(what: &str) -> Option<Self> {
        if let Err(why) = usable() {
            not_run(what, &why);
            return None;
        }
        Some(Self { folder: tempfile::tempdir().expect("a folder"), qemu: None })
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The QMP socket that is the server's alone.
    pub(crate) fn qmp(&self) -> String {
        self.socket("frames.qmp").to_str().expect("text").to_owned()
    }

    pub(crate) fn start(&mut self) {
        let monitor = |path: &Path| format!("unix:{},server=on,wait=off", path.display());
        let mut command = Command::new(QEMU);
        // Firmware would reset the machine once more by itself.
        command.args(["-S", "-machine", "q35", "-accel", "tcg", "-m", "64", "-nodefaults", "-no-user-config"]);
        command.args(["-device", "virtio-vga,max_outputs=4", "-display", "dbus,p2p=yes"]);
        command.args(["-qmp", &monitor(&self.socket("frames.qmp")), "-qmp", &monitor(&self.socket("test.qmp"))]);
        let qemu = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.qemu = Some(qemu.expect("it was there a moment ago"));
    }

    /// Presses the reset button.
    pub(crate) fn reset(&self) {
        let (monitor, _events) = Qmp::connect(&self.socket("test.qmp"), PATIENCE).expect("a monitor");
        let nothing = serde_json::json!({});
        monitor.execute_within("system_reset", nothing, PATIENCE).expect("a machine can be reset");
    }

    /// Pulls the plug.
    pub(crate) fn kill(&mut self) {
        let Some(mut qemu) = self.qemu.take() else { return };
        qemu.kill().expect("it runs");
        qemu.wait().expect("it is our child");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut qemu) = self.qemu.take() {
            // Whatever went wrong, nothing of it stays behind.
            let _ = qemu.kill();
            let _ = qemu.wait();
        }
    }
}

/// Whether QEMU 10 or newer is there with its display bus.
fn usable() -> Result<(), String> {
    let says = |args: &[&str]| {
        let output = Command::new(QEMU).args(args).stdin(Stdio::null()).output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .map_err(|error| format!("{QEMU}: {error}"))
    };
    let version = says(&["--version"])?;
    let major = version.split_whitespace().find_map(|word| word.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < 10) {
        return Err(format!("{QEMU} is older than 10"));
    }
    if says(&["-display", "help"])?.lines().any(|line| line == "dbus") {
        Ok(())
    } else {
        Err("QEMU has no -display dbus".to_owned())
    }
}

/// Waits until the server has reached the machine, or has lost it, and has told this many times what happened to it.
#[track_caller]
pub(crate) fn until_connected(server: &super::Server, connected: bool, told: u32) {
    eventually(if connected { "the machine is reached" } else { "the machine is lost" }, || {
        let health: serde_json::Value = serde_json::from_str(&server.get("/healthz")).expect("JSON");
        let recalls = server.metrics().sum("recalls_total", &[]);
        health["machine"]["connected"] == connected && recalls == f64::from(told)
    });
}
