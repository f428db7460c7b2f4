//! Screens on a fake, and what a pipeline sees of them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lunette_capture::qemu_dbus::{MachineEvent, QemuAddress, QemuConfig, QemuScreens, ScanoutState, Timings};
use lunette_capture::{Cursor, Doorbell, Mode, Polled, ScanoutControl, Source, SourceError, now};
use lunette_frame::{Rect, ScanoutId, Size};

use crate::fake::{FakeQemu, LIMIT};

pub(crate) struct Fixture {
    pub(crate) screens: Arc<QemuScreens>,
    events: Receiver<MachineEvent>,
    pub(crate) qemu: FakeQemu,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        // On a loaded machine a thread may rest for longer than QEMU is kept waiting otherwise.
        Self::with(QemuConfig::MEMORY, Timings { stall: LIMIT, ..Timings::default() })
    }

    pub(crate) fn with(memory: u64, timings: Timings) -> Self {
        let qemu = FakeQemu::start();
        let config = QemuConfig { memory, timings, ..QemuConfig::new(QemuAddress::Qmp(qemu.socket())) };
        let screens = Arc::new(QemuScreens::new(config).expect("a thread"));
        let (sender, events) = channel();
        screens.on_event(Box::new(move |event| {
            let _ = sender.send(event);
        }));
        let fixture = Self { screens, events, qemu };
        fixture.await_reachable();
        fixture
    }

    pub(crate) fn await_reachable(&self) {
        until("QEMU is reached", || self.screens.unreachable().is_none());
    }

    pub(crate) fn await_event(&self, wanted: MachineEvent) {
        let start = Instant::now();
        while let Ok(event) = self.events.recv_timeout(LIMIT.saturating_sub(start.elapsed())) {
            if event == wanted {
                return;
            }
        }
        panic!("no {wanted:?}");
    }

    pub(crate) fn enable(&self, id: u16, width: u32, height: u32) {
        let mode = Mode { size: Size::new(width, height), refresh_hz: 60 };
        self.screens.enable(ScanoutId::new(id), mode).expect("enabled");
    }

    pub(crate) fn open(&self, id: u16) -> Viewer {
        let doorbell = Arc::default();
        let source = self.screens.open(ScanoutId::new(id), &doorbell).expect("opened");
        Viewer { source, doorbell }
    }

    pub(crate) fn state(&self, id: u16) -> ScanoutState {
        let state = self.screens.states().into_iter().find(|state| state.id == ScanoutId::new(id));
        state.expect("the scanout is captured")
    }
}

/// Waits for something that is about to be true.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::yield_now();
    }
}

/// A picture as a pipeline sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) size: Size,
    pub(crate) bytes: Vec<u8>,
    pub(crate) damage: Vec<Rect>,
    pub(crate) number: u64,
}

impl Seen {
    pub(crate) fn pixel(&self, x: u32, y: u32) -> u8 {
        self.bytes[((y * self.size.width + x) * 4) as usize]
    }

    pub(crate) fn is_all(&self, value: u8) -> bool {
        self.bytes.iter().all(|byte| *byte == value)
    }
}

pub(crate) struct Viewer {
    pub(crate) source: Box<dyn Source>,
    pub(crate) doorbell: Arc<Doorbell>,
}

impl Viewer {
    /// Polls once.
    pub(crate) fn poll(&mut self) -> Result<Option<Seen>, SourceError> {
        Ok(match self.source.poll(now())? {
            Polled::Frame(frame) => {
                let plane = frame.picture.planes()[0];
                let damage = frame.damage.rects().to_vec();
                Some(Seen { size: frame.picture.size(), bytes: plane.data.to_vec(), damage, number: frame.number })
            }
            Polled::Idle | Polled::NotBefore(_) | Polled::Ended => None,
        })
    }

    /// Waits for the next picture.
    pub(crate) fn next(&mut self) -> Seen {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            if let Some(seen) = self.poll().expect("a source that goes on") {
                return seen;
            }
            self.doorbell.wait(Some(Duration::from_millis(100)));
        }
        panic!("no picture");
    }

    /// Waits for the source to fail.
    pub(crate) fn next_error(&mut self) -> String {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            if let Err(error) = self.poll() {
                let cause = std::error::Error::source(&error).expect("a cause");
                return cause.to_string();
            }
            self.doorbell.wait(Some(Duration::from_millis(100)));
        }
        panic!("no error");
    }

    /// Waits for the source to end.
    pub(crate) fn await_end(&mut self) {
        until("the source ends", || matches!(self.source.poll(now()), Ok(Polled::Ended)));
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.source.cursor().expect("a machine has a pointer")
    }
}
