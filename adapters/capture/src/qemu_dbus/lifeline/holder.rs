//! The sockets that are held, and when they are let go of.
//!
//! ```text
//!             Hold                   silent for too long, or the end
//!   empty ──────────▶ holding ──────────────────────────────────────▶ empty, all shut
//!     ▲                │  ▲ │
//!     └─last forgotten─┘  └─┘ Hold, Forget, Beat: heard
//! ```

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::net::{Shutdown, shutdown};

use super::PATIENCE;
use super::error::LifelineError;
use super::message::{HeldId, Message};

/// More than any machine has outputs.
const MOST: usize = 256;

/// The lifeline's state.
#[derive(Debug)]
pub(super) struct Holder {
    held: BTreeMap<HeldId, OwnedFd>,
    /// When the capture was last heard.
    heard: Instant,
}

impl Holder {
    pub(super) fn new(now: Instant) -> Self {
        Self { held: BTreeMap::new(), heard: now }
    }

    /// The capture says something.
    pub(super) fn handle(&mut self, now: Instant, said: Message, fd: Option<OwnedFd>) -> Result<(), LifelineError> {
        self.heard = now;
        match (said, fd) {
            (Message::Hold(_), Some(_)) if self.held.len() >= MOST => return Err(LifelineError::Full(MOST)),
            (Message::Hold(id), Some(fd)) => drop(self.held.insert(id, fd)),
            (Message::Forget(id), None) => drop(self.held.remove(&id)),
            (Message::Beat, None) => {}
            _ => return Err(LifelineError::Nonsense),
        }
        Ok(())
    }

    /// Until when the capture must be heard; `None` while nothing depends on it.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.held.is_empty()).then(|| self.heard + PATIENCE)
    }

    /// The deadline may have passed, with nothing to read. Returns how many sockets were shut.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> usize {
        match self.deadline().and_then(|deadline| now.checked_duration_since(deadline)) {
            // Whoever stood still itself, as all of a machine does at times, cannot judge.
            Some(late) if late > PATIENCE => {
                self.heard = now;
                0
            }
            Some(_) => self.shut(),
            None => 0,
        }
    }

    /// Shuts every socket for both processes that have it, and returns how many.
    pub(super) fn shut(&mut self) -> usize {
        let held = std::mem::take(&mut self.held);
        for socket in held.values() {
            // Fails when QEMU was faster.
            let _ = shutdown(socket, Shutdown::Both);
        }
        held.len()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    /// A holder of one socket, of which our end is kept as the capture does.
    struct Scene {
        start: Instant,
        holder: Holder,
        _ours: UnixStream,
        qemu: UnixStream,
    }

    const ID: HeldId = HeldId(1);

    impl Scene {
        fn new() -> Self {
            let (ours, qemu) = UnixStream::pair().unwrap();
            qemu.set_nonblocking(true).unwrap();
            let start = Instant::now();
            let mut holder = Holder::new(start);
            holder.handle(start, Message::Hold(ID), Some(ours.try_clone().unwrap().into())).unwrap();
            Self { start, holder, _ours: ours, qemu }
        }

        fn after(&self, millis: u64) -> Instant {
            self.start + Duration::from_millis(millis)
        }

        fn is_open(&mut self) -> bool {
            match self.qemu.read(&mut [0]) {
                Ok(read) => read > 0,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    #[test]
    fn a_silent_capture_loses_its_sockets() {
        let mut scene = Scene::new();
        assert_eq!(scene.holder.deadline(), Some(scene.after(600)));
        assert_eq!(scene.holder.handle_timeout(scene.after(599)), 0);
        assert!(scene.is_open());
        assert_eq!(scene.holder.handle_timeout(scene.after(600)), 1);
        assert!(!scene.is_open());
        assert_eq!(scene.holder.deadline(), None);
    }

    #[test]
    fn a_capture_that_is_heard_keeps_them() {
        let mut scene = Scene::new();
        for beat in 1..50 {
            scene.holder.handle(scene.after(beat * 500), Message::Beat, None).unwrap();
            assert_eq!(scene.holder.handle_timeout(scene.after(beat * 500 + 499)), 0);
        }
        assert!(scene.is_open());
    }

    #[test]
    fn what_was_forgotten_is_not_shut_and_nothing_is_waited_for() {
        let mut scene = Scene::new();
        scene.holder.handle(scene.after(1), Message::Forget(ID), None).unwrap();
        scene.holder.handle(scene.after(1), Message::Forget(ID), None).unwrap();
        assert_eq!(scene.holder.deadline(), None);
        assert_eq!(scene.holder.handle_timeout(scene.after(700)), 0);
        assert_eq!(scene.holder.shut(), 0);
        assert!(scene.is_open());
    }

    #[test]
    fn a_lifeline_that_stood_still_itself_waits_once_more() {
        let mut scene = Scene::new();
        assert_eq!(scene.holder.handle_timeout(scene.after(5000)), 0);
        assert!(scene.is_open());
        assert_eq!(scene.holder.deadline(), Some(scene.after(5600)));
        assert_eq!(scene.holder.handle_timeout(scene.after(5600)), 1);
    }

    #[test]
    fn descriptors_come_with_hold_alone_and_not_without_end() {
        let mut scene = Scene::new();
        let fd = || Some(OwnedFd::from(UnixStream::pair().unwrap().0));
        let now = scene.start;
        assert!(matches!(scene.holder.handle(now, Message::Hold(ID), None), Err(LifelineError::Nonsense)));
        assert!(matches!(scene.holder.handle(now, Message::Beat, fd()), Err(LifelineError::Nonsense)));
        let mut ids = (2..).map(HeldId);
        let refused = ids.find_map(|id| scene.holder.handle(now, Message::Hold(id), fd()).err());
        assert!(matches!(refused, Some(LifelineError::Full(MOST))));
    }
}
