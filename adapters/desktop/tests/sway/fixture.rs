//! A sway of the test's own, without a screen.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use lunette_desktop_session::{Display, WlrootsOptions, WlrootsSink};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Process, drop_root, is_installed, user, wait};

/// Runs the test where sway and these programs are, and says so where they are not.
pub(crate) fn with(name: &str, programs: &[&str], test: impl FnOnce(&Sway) -> Result<()>) {
    with_scale(name, programs, "1", test);
}

pub(crate) fn with_scale(name: &str, programs: &[&str], scale: &str, test: impl FnOnce(&Sway) -> Result<()>) {
    if let Some(missing) = ["sway", "swaymsg"].iter().chain(programs).find(|program| !is_installed(program)) {
        println!("NOT RUN: {name}: {missing} is not installed");
        return;
    }
    let sway = Sway::start(scale).unwrap();
    if let Err(error) = test(&sway) {
        panic!("{error:?}\nsway said:\n{}", sway.log());
    }
}

fn launch(folder: &Path) -> Result<Child> {
    let log = fs::File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new("sway");
    command.arg("-c").arg(folder.join("config")).stdout(Stdio::null()).stderr(log);
    for name in ["WAYLAND_DISPLAY", "DISPLAY", "SWAYSOCK"] {
        command.env_remove(name);
    }
    command.env("WLR_BACKENDS", "headless").env("WLR_RENDERER", "pixman").env("WLR_LIBINPUT_NO_DEVICES", "1");
    command.env("XDG_RUNTIME_DIR", folder).env("HOME", folder);
    drop_root(&mut command).spawn().context("cannot start sway")
}

pub(crate) struct Sway {
    folder: TempDir,
    process: RefCell<Child>,
    pub(crate) display: Display,
    pub(crate) ipc: PathBuf,
}

impl Sway {
    pub(crate) const WIDTH: u32 = 1280;
    pub(crate) const HEIGHT: u32 = 720;

    fn start(scale: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        chown(folder.path(), Some(user()), None)?;
        let config = folder.path().join("config");
        let size = format!("{}x{}", Self::WIDTH, Self::HEIGHT);
        fs::write(
            &config,
            format!(
                "xwayland disable\noutput * resolution {size} scale {scale}\ndefault_border none\nfocus_follows_mouse no\n"
            ),
        )?;
        let process = launch(folder.path())?;
        let ipc = folder.path().join(format!("sway-ipc.{}.{}.sock", user(), process.id()));
        let display = Display::new(folder.path().join("wayland-1"));
        let sway = Self { folder, process: RefCell::new(process), display, ipc };
        wait("sway listens", || {
            Ok((sway.display.path().exists() && sway.ipc.exists() && sway.tree().is_ok()).then_some(()))
        })
        .with_context(|| sway.log())?;
        Ok(sway)
    }

    /// As when it crashes.
    pub(crate) fn stop(&self) {
        let mut process = self.process.borrow_mut();
        let _ = process.kill();
        let _ = process.wait();
    }

    /// Another one takes its place. Its own socket has another name.
    pub(crate) fn restart(&self) -> Result<()> {
        fs::remove_file(self.display.path())?;
        *self.process.borrow_mut() = launch(self.folder.path())?;
        wait("sway listens again", || Ok(self.display.path().exists().then_some(())))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program with the session's environment.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        drop_root(&mut command).env("XDG_RUNTIME_DIR", self.folder.path()).env("WAYLAND_DISPLAY", self.display.path());
        command.env("SWAYSOCK", &self.ipc).env("LANG", "C.UTF-8").env("HOME", self.folder.path());
        command.env_remove("DISPLAY").stdin(Stdio::null());
        command
    }

    pub(crate) fn spawn(&self, command: &mut Command) -> Result<Process> {
        let log = fs::File::options().create(true).append(true).open(self.path("log"))?;
        command.stderr(log.try_clone()?).stdout(log);
        Ok(Process(command.spawn().with_context(|| format!("{command:?}"))?))
    }

    pub(crate) fn sink(&self) -> Result<WlrootsSink> {
        Ok(WlrootsSink::open(self.display.clone(), WlrootsOptions::default())?)
    }

    pub(crate) fn tree(&self) -> Result<Value> {
        let output = self.command("swaymsg").args(["-t", "get_tree"]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    pub(crate) fn is_focused(&self, app_id: &str) -> Result<bool> {
        Ok(find(&self.tree()?, &|node| node["app_id"] == app_id && node["focused"] == true))
    }

    /// A terminal that has the focus and writes each byte that it gets to the file.
    pub(crate) fn terminal(&self, file: &Path) -> Result<Process> {
        let config = self.path("foot.ini");
        fs::write(&config, "[main]\nfont=monospace:size=8\n")?;
        let mut command = self.command("foot");
        let script = format!("stty raw -echo; exec cat > '{}'", file.display());
        command.arg("-c").arg(&config).args(["-a", "typed", "sh", "-c", &script]);
        let process = self.spawn(&mut command)?;
        wait("the terminal has the focus", || Ok((file.exists() && self.is_focused("typed")?).then_some(())))?;
        Ok(process)
    }
}

fn find(node: &Value, wanted: &dyn Fn(&Value) -> bool) -> bool {
    let children = ["nodes", "floating_nodes"].into_iter().filter_map(|key| node[key].as_array()).flatten();
    wanted(node) || children.into_iter().any(|child| find(child, wanted))
}

impl Drop for Sway {
    fn drop(&mut self) {
        self.stop();
    }
}
