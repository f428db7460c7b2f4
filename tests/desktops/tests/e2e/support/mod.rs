//! Fixtures: a machine with hydra in it, its desktops, and what watches them.

mod keys;
mod levels;
mod picture;
mod screen;
mod viewer;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lease_launcher::Colour;
use lunette::lab::{ExporterPlan, Lab, LabPlan, Programs, System};
use lunette_desktop::Slot;
use lunette_image::Kernel;
use lunette_test_programs::Wanted;
use lunette_vm::{Accelerator, Arch, Cpus, Guard, Mebibytes, Qemu};
use serde_json::Value;

pub(crate) use levels::Levels;
pub(crate) use picture::Picture;
pub(crate) use screen::Screen;
pub(crate) use viewer::{Viewer, Way};

/// The profile that most people get.
pub(crate) const LIGHT: &str = "light";
/// From nothing to a picture, on an emulated processor that others use too.
pub(crate) const FIRST_PICTURE: Duration = Duration::from_secs(120);
/// What takes less than a second elsewhere.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Machines of one run take turns: two cores carry one.
static TURN: Mutex<()> = Mutex::new(());

/// A machine whose turn it is.
pub(crate) struct Machine {
    pub(crate) lab: Lab,
    _turn: MutexGuard<'static, ()>,
}

/// A desktop that runs.
pub(crate) struct Desktop {
    pub(crate) id: String,
    pub(crate) scanout: u16,
    pub(crate) address: String,
    pub(crate) colour: [u8; 3],
    pub(crate) container_pid: i64,
    pub(crate) launcher_pid: i64,
    pub(crate) first_picture: Duration,
}

/// Waits for the turn of whoever wants a machine.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Boots a machine; `None`, having said so, where there is no QEMU for it.
///
/// # Panics
/// When it does not start.
pub(crate) fn machine(test: &str, profiles: &[&str]) -> Option<Machine> {
    let turn = turn();
    let arch = Arch::of_host().expect("tests run on processors that have guests");
    if let Err(error) = Qemu::find(arch) {
        println!("NOT RUN: desktop-tests {test}: {error}");
        return None;
    }
    let plan = LabPlan {
        name: format!("test-{test}").parse().expect("a test's name is a label"),
        programs: Programs::in_folder(&Wanted::PROGRAMS.build()),
        guest_programs: vec!["desktop-probe".to_owned()],
        system: System::Desktops { profiles: profiles.iter().map(|name| (*name).to_owned()).collect() },
        shares: Vec::new(),
        kernel: Kernel::Backports,
        accelerator: Some(Accelerator::Tcg),
        cpus: Cpus::new(2).expect("valid"),
        memory: Mebibytes::new(6144).expect("valid"),
        guard: Guard::Thread,
        exporter: ExporterPlan::default(),
        console: false,
    };
    let lab = Lab::start(&plan, &mut |_| {}).unwrap_or_else(|error| panic!("no machine: {error:#}"));
    Some(Machine { lab, _turn: turn })
}

impl Machine {
    /// Runs hydra's client in the guest.
    pub(crate) fn hydra(&self, arguments: &str) -> String {
        let ran = self.lab.guest().run_within(&format!("hydra {arguments}"), FIRST_PICTURE);
        ran.unwrap_or_else(|error| panic!("hydra {arguments}: {error:#}"))
    }

    /// Creates a desktop, and waits for its first picture.
    pub(crate) fn create(&self, id: &str, profile: &str, more: &str) -> Desktop {
        let command = format!("hydra create --json --id {id} {more} {profile}");
        let text = self.lab.guest().try_run(&command, FIRST_PICTURE).expect("a shell").output;
        let said: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let report = &said["report"];
        assert_eq!(report["phase"], "running", "{text}\n{}", self.logs(id));
        let number = |name: &str| report[name].as_i64().unwrap_or_else(|| panic!("no {name}: {text}"));
        let slot = u16::try_from(said["slot"].as_u64().expect("a slot")).expect("a slot");
        Desktop {
            id: id.to_owned(),
            scanout: u16::try_from(number("scanout")).expect("a scanout"),
            address: report["address"].as_str().unwrap_or_default().to_owned(),
            colour: Colour::of(Slot::new(slot).expect("a slot")).0,
            container_pid: number("container_pid"),
            launcher_pid: number("launcher_pid"),
            first_picture: Duration::from_millis(number("first_picture_ms").unsigned_abs()),
        }
    }

    fn logs(&self, id: &str) -> String {
        let command = format!("cd /run/hydra/desktops/{id} && tail -n 40 launcher.log desktop.log");
        self.lab.guest().try_run(&command, SOON).map(|finished| finished.output).unwrap_or_default()
    }

    /// What hydra says of a desktop; `None` when it does not answer.
    fn show(&self, id: &str) -> Option<Value> {
        let finished = self.lab.guest().try_run(&format!("hydra show --json {id}"), SOON).expect("a shell");
        (finished.status == 0).then(|| serde_json::from_str(&finished.output).ok()).flatten()
    }

    /// What hydra says of a desktop's bridge.
    pub(crate) fn bridge(&self, desktop: &Desktop) -> Value {
        self.show(&desktop.id).unwrap_or_else(|| panic!("hydra does not know {}", desktop.id))["bridge"].clone()
    }

    /// Waits until a desktop's bridge listens; the way to it from the host.
    ///
    /// # Panics
    /// When it does not; with what it said.
    pub(crate) fn wait_bridge(&self, desktop: &Desktop) -> Way {
        let until = Instant::now() + FIRST_PICTURE;
        loop {
            let bridge = self.bridge(desktop);
            if bridge["state"] == "ready" {
                let token = bridge["tokens"]["control"].as_str().expect("a token").to_owned();
                return Way { address: self.lab.bridges().expect("a way"), id: desktop.id.clone(), token };
            }
            let said = || self.hydra(&format!("logs --bridge {}", desktop.id));
            assert!(Instant::now() < until, "{bridge}\n{}", said());
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Gives an emulated desktop the time to have a window focused once it is shown.
    pub(crate) fn settle(&self) {
        std::thread::sleep(Duration::from_secs(2));
    }

    pub(crate) fn try_phase(&self, desktop: &Desktop) -> Option<String> {
        Some(self.show(&desktop.id)?["report"]["phase"].as_str()?.to_owned())
    }

    pub(crate) fn phase(&self, desktop: &Desktop) -> String {
        self.try_phase(desktop).unwrap_or_else(|| panic!("hydra does not know {}", desktop.id))
    }

    /// Why it ended, for people.
    pub(crate) fn reason(&self, desktop: &Desktop) -> String {
        let said = self.show(&desktop.id).unwrap_or_default();
        said["why"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn assert_running(&self, desktop: &Desktop) {
        assert_eq!(self.phase(desktop), "running", "{}: {}", desktop.id, self.reason(desktop));
    }

    /// Runs a command in a desktop, as its user, in its session.
    pub(crate) fn exec(&self, desktop: &Desktop, command: &str) -> String {
        let quoted = command.replace('\'', r"'\''");
        self.hydra(&format!("exec {} -- sh -c '{quoted}'", desktop.id))
    }

    /// Subscribes to a desktop's screen.
    pub(crate) fn watch(&self, desktop: &Desktop) -> Screen {
        let secret = std::fs::read(self.lab.vm().paths().secret()).expect("the machine's secret");
        let token = lunette_wire::Token::from_file(&secret).expect("a secret");
        Screen::watch(&self.lab.exporter().address().to_string(), desktop.scanout, token)
    }

    /// Types by the desktop's own keyboard.
    pub(crate) fn type_text(&self, desktop: &Desktop, text: &str) {
        self.input(desktop, &keys::typed(text));
    }

    /// Presses and lets go of a key.
    pub(crate) fn press(&self, desktop: &Desktop, code: u32) {
        self.input(desktop, &keys::pressed(code));
    }

    /// Moves the desktop's own pointer.
    pub(crate) fn point(&self, desktop: &Desktop, x: u32, y: u32) {
        self.input(desktop, &format!("{{\"type\":\"mouse_move_abs\",\"x\":{x},\"y\":{y}}}\n"));
    }

    /// Waits until a screen has not changed for so long; its picture then.
    pub(crate) fn settled(&self, screen: &Screen, still: Duration, limit: Duration) -> Picture {
        let (mut pictures, mut since) = (screen.pictures(), Instant::now());
        self.eventually("the screen is still", limit, || {
            let now = screen.pictures();
            if now != pictures {
                (pictures, since) = (now, Instant::now());
            }
            since.elapsed() >= still
        });
        screen.picture(SOON)
    }

    fn input(&self, desktop: &Desktop, lines: &str) {
        let command = format!("printf '%s' '{lines}' | hydra input {}", desktop.id);
        self.lab.guest().run(&command).expect("input is taken");
    }

    /// Waits until a desktop is in a phase of its life.
    ///
    /// # Panics
    /// When it is not within `limit`; with what it and its launcher said.
    pub(crate) fn wait_phase(&self, desktop: &Desktop, phase: &str, limit: Duration) {
        let until = Instant::now() + limit;
        while self.phase(desktop) != phase {
            if Instant::now() >= until {
                let (now, said) = (self.show(&desktop.id), self.logs(&desktop.id));
                panic!("{} is not {phase} within {limit:?}: {now:#?}\n{said}", desktop.id);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until hydra says that the desktop is over and its output is free again.
    pub(crate) fn wait_freed(&self, desktop: &Desktop) {
        self.eventually(&format!("scanout {} is free", desktop.scanout), SOON, || {
            let status = self.lab.guest().manager_status().expect("drm-manager answers");
            let mut outputs = status["outputs"].as_array().expect("a list of outputs").iter();
            outputs.any(|output| output["scanout"] == desktop.scanout && output["state"] == "free")
        });
    }

    /// Sends a signal to the desktop's compositor.
    pub(crate) fn signal_compositor(&self, desktop: &Desktop, program: &str, signal: &str) {
        self.exec(desktop, &format!("pkill -{signal} -x {program}"));
    }

    pub(crate) fn kill(&self, pid: i64) {
        self.lab.guest().run(&format!("kill -KILL {pid}")).expect("it was alive");
    }

    pub(crate) fn kill_service(&self, name: &str) {
        self.lab.guest().run(&format!("systemctl kill --kill-whom=main --signal=KILL {name}")).expect("it was alive");
    }

    pub(crate) fn stop_service(&self, name: &str) {
        self.lab.guest().run(&format!("systemctl stop {name}")).expect("it stops");
    }

    pub(crate) fn start_service(&self, name: &str) {
        self.lab.guest().run(&format!("systemctl start {name}")).expect("it starts");
    }

    /// Waits for a condition.
    ///
    /// # Panics
    /// When it does not come true within `limit`.
    pub(crate) fn eventually(&self, what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
        let until = Instant::now() + limit;
        while !condition() {
            assert!(Instant::now() < until, "{what}: not within {limit:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn timed<T>(&self, work: impl FnOnce() -> T) -> Duration {
        let started = Instant::now();
        work();
        started.elapsed()
    }
}

impl Desktop {
    /// Event nodes of its input devices, such as `event5`.
    pub(crate) fn inputs(&self, machine: &Machine) -> Vec<String> {
        self.devices(machine, "/dev/input/")
    }

    /// Its card, such as `card2`.
    pub(crate) fn card(&self, machine: &Machine) -> String {
        self.devices(machine, "/dev/dri/").pop().expect("it has a card")
    }

    fn devices(&self, machine: &Machine, folder: &str) -> Vec<String> {
        let said = machine.show(&self.id).unwrap_or_default();
        let devices = said["report"]["devices"].as_array().cloned().unwrap_or_default();
        devices.iter().filter_map(|device| device.as_str()?.strip_prefix(folder).map(str::to_owned)).collect()
    }
}
