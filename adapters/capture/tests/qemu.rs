//! Against a real QEMU, without a guest: what its consoles say and how they are switched.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lunette_capture::qemu_dbus::{MachineEvent, QemuAddress, QemuConfig, QemuScreens};
use lunette_capture::{ControlError, Doorbell, Mode, Polled, ScanoutControl, Source, now};
use lunette_frame::{ScanoutId, Size};

const PROGRAM: &str = "qemu-system-x86_64";
const LIMIT: Duration = Duration::from_secs(20);

/// A QEMU that has been told to wait, with sixteen outputs.
struct Machine {
    child: Child,
    folder: tempfile::TempDir,
}

impl Machine {
    /// `None`, with a line that says so, where there is no QEMU of version 10 with a display bus.
    fn start(test: &str) -> Option<Self> {
        if let Err(why) = usable() {
            println!("NOT RUN: {test}: {why}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let child = spawn(folder.path(), "dbus,p2p=yes");
        Some(Self { child, folder })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("qmp")
    }

    fn screens(&self) -> (QemuScreens, Receiver<MachineEvent>) {
        screens(QemuConfig::new(QemuAddress::Qmp(self.socket())))
    }

    /// Ends it as a crash would, and starts another at the same place.
    fn replace(&mut self) {
        self.stop();
        let _ = std::fs::remove_file(self.socket());
        self.child = spawn(self.folder.path(), "dbus,p2p=yes");
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(folder: &Path, display: &str) -> Child {
    let socket = |name: &str| format!("unix:{},server=on,wait=off", folder.join(name).display());
    Command::new(PROGRAM)
        .args(["-M", "q35", "-accel", "tcg", "-m", "64", "-nodefaults", "-no-user-config", "-vga", "none", "-S"])
        .args(["-device", "virtio-gpu-pci,max_outputs=16", "-display", display])
        .args(["-qmp", &socket("qmp"), "-qmp", &socket("other-qmp")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("QEMU starts")
}

/// Whether there is a QEMU that the tests can use.
fn usable() -> Result<(), String> {
    let output = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).stderr(Stdio::null()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).map_err(|_| "no QEMU".to_owned())
    };
    let version = output(&["--version"])?;
    let major = version.split("version ").nth(1).and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    match major {
        Some(10..) if output(&["-display", "help"])?.contains("dbus") => Ok(()),
        Some(10..) => Err("this QEMU has no display bus".to_owned()),
        _ => Err(format!("QEMU 10 or newer is needed, not {}", version.lines().next().unwrap_or("this"))),
    }
}

fn screens(config: QemuConfig) -> (QemuScreens, Receiver<MachineEvent>) {
    let screens = QemuScreens::new(config).expect("a thread");
    let (sender, events) = channel();
    screens.on_event(Box::new(move |event| {
        let _ = sender.send(event);
    }));
    // The connection may have been made before the observer was there.
    let start = Instant::now();
    while let Some(reason) = screens.unreachable() {
        assert!(start.elapsed() < LIMIT, "{reason}");
        let _ = events.recv_timeout(Duration::from_millis(20));
    }
    (screens, events)
}

fn await_event(events: &Receiver<MachineEvent>, wanted: MachineEvent) {
    let start = Instant::now();
    while let Ok(event) = events.recv_timeout(LIMIT.saturating_sub(start.elapsed())) {
        if event == wanted {
            return;
        }
    }
    panic!("no {wanted:?}");
}

fn mode(width: u32, height: u32) -> Mode {
    Mode { size: Size::new(width, height), refresh_hz: 60 }
}

/// Polls until the source has ended or has a picture, whose size it returns.
fn next_size(source: &mut dyn Source, doorbell: &Doorbell) -> Option<Size> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        match source.poll(now()).expect("pictures") {
            Polled::Frame(frame) => return Some(frame.picture.size()),
            Polled::Ended => return None,
            Polled::Idle | Polled::NotBefore(_) => doorbell.wait(Some(Duration::from_millis(100))),
        }
    }
    panic!("no picture");
}

#[test]
fn sixteen_consoles_are_found_and_switched() {
    let Some(machine) = Machine::start("sixteen_consoles_are_found_and_switched") else { return };
    let (screens, _events) = machine.screens();
    for id in 1..16 {
        assert_eq!(screens.enable(ScanoutId::new(id), mode(1280, 720)).unwrap(), format!("Virtual-{}", id + 1));
    }
    assert!(matches!(
        screens.enable(ScanoutId::new(16), mode(1280, 720)),
        Err(ControlError::Memory { .. } | ControlError::NoSuchScanout { count: 16, .. })
    ));
    assert_eq!(screens.scanouts().len(), 16);
    for id in 1..16 {
        screens.disable(ScanoutId::new(id)).unwrap();
    }
    assert_eq!(screens.scanouts().len(), 1);
}

#[test]
fn the_console_has_a_picture_before_there_is_a_guest() {
    let Some(machine) = Machine::start("the_console_has_a_picture_before_there_is_a_guest") else { return };
    let (screens, _events) = machine.screens();
    let doorbell = Arc::default();
    let mut source = screens.open(ScanoutId::new(0), &doorbell).unwrap();
    let size = next_size(&mut *source, &doorbell).expect("a picture");
    assert!(size.width > 0 && size.height > 0);
}

#[test]
fn a_new_qemu_is_found_and_sources_of_the_old_one_end() {
    let Some(mut machine) = Machine::start("a_new_qemu_is_found_and_sources_of_the_old_one_end") else { return };
    let (screens, events) = machine.screens();
    let doorbell = Arc::default();
    let mut source = screens.open(ScanoutId::new(0), &doorbell).unwrap();
    next_size(&mut *source, &doorbell).expect("a picture");
    machine.replace();
    await_event(&events, MachineEvent::Lost);
    assert_eq!(next_size(&mut *source, &doorbell), None);
    await_event(&events, MachineEvent::Connected);
    let mut source = screens.open(ScanoutId::new(0), &doorbell).unwrap();
    assert!(next_size(&mut *source, &doorbell).is_some());
}

#[test]
fn a_reset_is_noticed_and_ends_the_desktops() {
    let Some(machine) = Machine::start("a_reset_is_noticed_and_ends_the_desktops") else { return };
    let (screens, events) = machine.screens();
    let (id, doorbell) = (ScanoutId::new(2), Arc::default());
    screens.enable(id, mode(1280, 720)).unwrap();
    let mut source = screens.open(id, &doorbell).unwrap();
    next_size(&mut *source, &doorbell).expect("a picture");
    let (monitor, _events) = lunette_qmp::Qmp::connect(&machine.folder.path().join("other-qmp"), LIMIT).unwrap();
    monitor.execute("system_reset", ()).unwrap();
    await_event(&events, MachineEvent::Reset);
    assert_eq!(next_size(&mut *source, &doorbell), None);
    assert!(matches!(screens.open(id, &doorbell), Err(ControlError::NotEnabled(_))));
}

/// A message bus of its own.
struct Bus {
    child: Child,
    address: String,
}

impl Bus {
    fn start(folder: &Path) -> std::io::Result<Self> {
        let address = format!("unix:path={}", folder.join("bus").display());
        let config = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        std::fs::write(&config, text)?;
        let child = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg(format!("--config-file={}", config.display()))
            .stdin(Stdio::null())
            .spawn()?;
        let bus = Self { child, address };
        let start = Instant::now();
        while !folder.join("bus").exists() && start.elapsed() < LIMIT {
            std::thread::yield_now();
        }
        Ok(bus)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_machine_on_a_bus_is_found_lost_and_found_again() {
    let test = "a_machine_on_a_bus_is_found_lost_and_found_again";
    if let Err(why) = usable() {
        return println!("NOT RUN: {test}: {why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let Ok(bus) = Bus::start(folder.path()) else { return println!("NOT RUN: {test}: no dbus-daemon") };
    let display = format!("dbus,addr={}", bus.address);
    let start = || Machine { child: spawn(folder.path(), &display), folder: tempfile::tempdir().expect("a folder") };
    let machine = start();
    let (screens, events) = screens(QemuConfig::new(QemuAddress::Bus(bus.address.clone())));
    let doorbell = Arc::default();
    let mut source = screens.open(ScanoutId::new(0), &doorbell).unwrap();
    assert!(next_size(&mut *source, &doorbell).is_some());
    drop(machine);
    await_event(&events, MachineEvent::Lost);
    assert_eq!(next_size(&mut *source, &doorbell), None);
    let _machine = start();
    await_event(&events, MachineEvent::Connected);
    screens.enable(ScanoutId::new(1), mode(1280, 720)).unwrap();
}
