//! A bus, and a GNOME Shell without a screen on it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use lunette_desktop_session::{Display, Gnome, Session};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use zbus::{Connection, Variant};

use crate::common::{Process, drop_root, is_installed, user, wait};

pub(crate) const WIDTH: u32 = 1280;
pub(crate) const HEIGHT: u32 = 720;

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A bus of the test's own; whoever may connect may do everything on it.
pub(crate) struct Bus {
    pub(crate) address: String,
    _daemon: Process,
}

impl Bus {
    pub(crate) fn start(folder: &Path, name: &str) -> Result<Self> {
        let address = format!("unix:path={}", folder.join(name).display());
        let config = folder.join(format!("{name}.conf"));
        fs::write(
            &config,
            format!(
                r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>"#
            ),
        )?;
        let mut command = Command::new("dbus-daemon");
        command.arg(format!("--config-file={}", config.display())).args(["--nofork", "--nopidfile", "--print-address"]);
        let mut daemon = Process(drop_root(&mut command).stdout(Stdio::piped()).spawn()?);
        let mut line = String::new();
        BufReader::new(daemon.0.stdout.take().unwrap()).read_line(&mut line)?;
        ensure!(line.starts_with("unix:"), "dbus-daemon does not listen: {line:?}");
        Ok(Self { address, _daemon: daemon })
    }
}

pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    chown(folder.path(), Some(user()), None).unwrap();
    folder
}

/// A GNOME session.
pub(crate) struct Shell {
    // Ended in this order.
    _processes: Vec<Process>,
    bus: Bus,
    _system: Bus,
    pub(crate) folder: TempDir,
}

/// Runs the test where GNOME Shell and these programs are, and says so where they are not.
pub(crate) fn with(name: &str, programs: &[&str], test: impl FnOnce(&Shell) -> Result<()>) {
    with_arguments(name, programs, &[], test);
}

/// The same, with a shell that shows its windows to everybody.
pub(crate) fn with_open_shell(name: &str, programs: &[&str], test: impl FnOnce(&Shell) -> Result<()>) {
    with_arguments(name, programs, &["--unsafe-mode"], test);
}

fn with_arguments(name: &str, programs: &[&str], arguments: &[&str], test: impl FnOnce(&Shell) -> Result<()>) {
    let needed = ["gnome-shell", "dbus-daemon", "pipewire", "wireplumber"];
    if let Some(missing) = needed.iter().chain(programs).find(|program| !is_installed(program)) {
        println!("NOT RUN: {name}: {missing} is not installed");
        return;
    }
    let shell = Shell::start(arguments).unwrap();
    if let Err(error) = test(&shell) {
        panic!("{error:?}\nGNOME Shell said:\n{}", fs::read_to_string(shell.path("log")).unwrap_or_default());
    }
}

impl Shell {
    fn start(arguments: &[&str]) -> Result<Self> {
        let folder = folder();
        let (system, bus) = (Bus::start(folder.path(), "system")?, Bus::start(folder.path(), "session")?);
        let mut shell = Self { _processes: Vec::new(), bus, _system: system, folder };
        let pipewire = shell.spawn(&mut shell.command("pipewire"))?;
        wait("PipeWire listens", || Ok(shell.path("pipewire-0").exists().then_some(())))?;
        let manager = shell.spawn(&mut shell.command("wireplumber"))?;
        let mut command = shell.command("gnome-shell");
        command.args(["--headless", "--wayland", "--no-x11", "--wayland-display=wayland-1"]).args(arguments);
        let gnome = shell.spawn(command.args(["--virtual-monitor", &format!("{WIDTH}x{HEIGHT}")]))?;
        shell._processes = vec![gnome, manager, pipewire];
        // Before that it is not in the overview yet, and would enter it after it was told to leave.
        wait("GNOME Shell has started", || {
            let log = fs::read_to_string(shell.path("log"))?;
            Ok(log.contains("GNOME Shell started at").then_some(()))
        })?;
        runtime().block_on(shell.leave_overview())?;
        Ok(shell)
    }

    /// GNOME starts in the overview, where no window has the keyboard.
    async fn leave_overview(&self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + crate::common::LIMIT;
        loop {
            let left = self.try_to_leave_overview().await;
            if left.is_ok() || tokio::time::Instant::now() > deadline {
                return left;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn try_to_leave_overview(&self) -> Result<()> {
        let bus = self.connect().await?;
        let (name, property) = ("org.gnome.Shell", "OverviewActive");
        let properties = Some("org.freedesktop.DBus.Properties");
        let set = (name, property, Variant::from(false));
        bus.call_method(Some(name), "/org/gnome/Shell", properties, "Set", &set).await?;
        let answer = bus.call_method(Some(name), "/org/gnome/Shell", properties, "Get", &(name, property)).await?;
        let is_active: zbus::OwnedVariant = answer.body().deserialize()?;
        ensure!(*is_active == Variant::from(false), "the overview is still there");
        Ok(())
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        Ok(zbus::connection::Builder::address(self.bus.address.as_str()).build().await?)
    }

    pub(crate) fn display(&self) -> Display {
        Display::new(self.path("wayland-1"))
    }

    pub(crate) fn session(&self) -> Session {
        Session { display: Some(self.display()), bus: Some(self.bus.address.clone()), ..Session::default() }
    }

    pub(crate) fn gnome(&self) -> Result<Gnome> {
        Ok(Gnome::open(Some(&self.bus.address))?)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program with the session's environment, and nothing of ours.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = self.folder.path();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).env("LANG", "C.UTF-8");
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus.address);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self._system.address);
        command
            .env("XDG_SESSION_TYPE", "wayland")
            .env("XDG_CURRENT_DESKTOP", "GNOME")
            .env("WAYLAND_DISPLAY", "wayland-1");
        command.env("LIBGL_ALWAYS_SOFTWARE", "1").env("GSETTINGS_BACKEND", "memory").env("NO_AT_BRIDGE", "1");
        drop_root(&mut command).stdin(Stdio::null());
        command
    }

    pub(crate) fn spawn(&self, command: &mut Command) -> Result<Process> {
        let log = fs::File::options().create(true).append(true).open(self.path("log"))?;
        command.stderr(log.try_clone()?).stdout(log);
        Ok(Process(command.spawn().with_context(|| format!("{command:?}"))?))
    }
}
