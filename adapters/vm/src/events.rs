//! What happens to a machine.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lunette_qmp::{Event, Notice};
use serde_json::Value;

use crate::guard::Report;

/// How many events wait for their reader; further ones are dropped, but never the last one.
pub(crate) const QUEUE: usize = 256;

/// Something that happened to a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VmEvent {
    /// The guest's console showed that the guest is ready.
    Ready,
    /// The machine was reset, and starts again.
    Reset {
        /// Whether the guest did it.
        by_guest: bool,
    },
    /// The machine is about to end.
    Shutdown {
        /// QEMU's word for why, like `guest-shutdown`.
        reason: String,
    },
    /// Events were lost.
    Missed,
    /// QEMU has ended as it should; nothing follows.
    Stopped,
    /// QEMU has ended, and nobody meant it to; nothing follows.
    Died {
        /// How it ended.
        status: String,
        /// The last lines of QEMU's complaints and of the console.
        log: String,
    },
}

impl VmEvent {
    /// What a notice of QEMU means; `None` when it is not about the machine's life.
    pub(crate) fn of(notice: &Notice) -> Option<Self> {
        match notice {
            Notice::Event(event) => Self::of_event(event),
            Notice::Missed(_) => Some(Self::Missed),
            Notice::Closed(_) => None,
        }
    }

    fn of_event(event: &Event) -> Option<Self> {
        match event.name.as_str() {
            "RESET" => Some(Self::Reset { by_guest: event.data["guest"] == Value::Bool(true) }),
            "SHUTDOWN" => {
                let reason = event.data["reason"].as_str().unwrap_or("unknown").to_owned();
                Some(Self::Shutdown { reason })
            }
            _ => None,
        }
    }
}

/// How QEMU ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) status: String,
    pub(crate) clean: bool,
}

impl Ended {
    /// Of a report; `None` when it is not about an end.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        match report {
            Report::Started { .. } | Report::Ready => None,
            Report::Failed(why) => Some(Self { status: format!("not started: {why}"), clean: false }),
            Report::Exited { code: Some(code), .. } => {
                Some(Self { status: format!("exit code {code}"), clean: *code == 0 })
            }
            Report::Exited { signal: Some(signal), .. } => {
                Some(Self { status: format!("killed by signal {signal}"), clean: false })
            }
            Report::Exited { .. } => Some(Self { status: "unknown status".to_owned(), clean: false }),
            Report::GuardGone => Some(Self { status: "its guard was killed".to_owned(), clean: false }),
        }
    }
}

/// What is known about a machine.
#[derive(Debug, Default)]
pub(crate) struct Life {
    pub(crate) pid: Option<u32>,
    pub(crate) ready: bool,
    /// Somebody is ending it, so an unclean end is none.
    pub(crate) stopping: bool,
    pub(crate) ended: Option<Ended>,
}

/// A life that threads can wait for.
#[derive(Debug, Default)]
pub(crate) struct SharedLife {
    // A lock, because the threads that hear from guard and QEMU write what callers on other threads wait for.
    life: Mutex<Life>,
    changed: Condvar,
}

impl SharedLife {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Life> {
        // A panic elsewhere cannot leave it half-changed.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Life)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until it is as asked; false when the limit passes first.
    pub(crate) fn wait(&self, limit: Duration, mut asked: impl FnMut(&Life) -> bool) -> bool {
        let start = Instant::now();
        let mut life = self.lock();
        loop {
            if asked(&life) {
                return true;
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return false;
            }
            life = self.changed.wait_timeout(life, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes what a guard tells.
    pub(crate) fn note(&self, report: &Report) {
        self.change(|life| match report {
            Report::Started { pid } => life.pid = Some(*pid),
            Report::Ready => life.ready = true,
            _ => life.ended = Ended::of(report),
        });
    }
}

/// The events of a machine, and its end.
#[derive(Debug)]
pub(crate) struct EventQueue {
    pub(crate) queue: Receiver<VmEvent>,
    pub(crate) life: Arc<SharedLife>,
}

impl EventQueue {
    /// The next event; `None` when none came in time. `log` is asked for the last lines when it is needed.
    pub(crate) fn next(&self, limit: Duration, log: impl FnOnce() -> String) -> Option<VmEvent> {
        match self.queue.recv_timeout(limit) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            // Both who write have ended.
            Err(RecvTimeoutError::Disconnected) => {
                let life = self.life.lock();
                match &life.ended {
                    Some(Ended { status, clean: false }) if !life.stopping => {
                        Some(VmEvent::Died { status: status.clone(), log: log() })
                    }
                    _ => Some(VmEvent::Stopped),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notice(name: &str, data: Value) -> Notice {
        Notice::Event(Event { name: name.to_owned(), data, timestamp: None })
    }

    #[test]
    fn a_guests_reset_differs_from_ours() {
        let [guest, ours] = [true, false].map(|by_guest| VmEvent::of(&notice("RESET", json!({ "guest": by_guest }))));
        assert_eq!(guest, Some(VmEvent::Reset { by_guest: true }));
        assert_eq!(ours, Some(VmEvent::Reset { by_guest: false }));
    }

    #[test]
    fn what_is_not_about_life_is_left_out() {
        assert_eq!(VmEvent::of(&notice("RTC_CHANGE", json!({ "offset": 1 }))), None);
    }

    #[test]
    fn a_clean_end_is_code_0() {
        let clean = |code, signal| Ended::of(&Report::Exited { code, signal }).unwrap().clean;
        assert!(clean(Some(0), None));
        assert!(!clean(Some(1), None) && !clean(None, Some(9)));
        assert!(!Ended::of(&Report::GuardGone).unwrap().clean);
    }

    #[test]
    fn an_end_that_was_asked_for_is_no_death() {
        for (stopping, expected) in [(true, true), (false, false)] {
            let life = Arc::new(SharedLife::default());
            life.note(&Report::Exited { code: None, signal: Some(9) });
            life.change(|life| life.stopping = stopping);
            let (sender, queue) = std::sync::mpsc::sync_channel(1);
            drop(sender);
            let event = EventQueue { queue, life }.next(Duration::ZERO, || "last words".to_owned()).unwrap();
            assert_eq!(event == VmEvent::Stopped, expected, "{event:?}");
        }
    }
}
