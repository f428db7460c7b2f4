//! What the kernel says about flips.

use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{self, Errno};

use crate::{Card, CrtcId, KmsError, raw};

/// More events at once than any CRTC has under way.
const ROOM: usize = 1024;
const HEADER: usize = 8;
const FLIP: usize = 32;

/// A flip that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlipEvent {
    /// What the flip was requested with.
    pub user_data: u64,
    /// When, by the kernel's `CLOCK_MONOTONIC`.
    pub time: Duration,
    /// Number of the vertical blank; 0 where the driver has none.
    pub sequence: u32,
    /// Which CRTC flipped; older kernels don't say.
    pub crtc: Option<CrtcId>,
}

/// Flips in the order in which they were done; other events are passed over.
#[derive(Debug)]
pub struct FlipEvents {
    bytes: [u8; ROOM],
    at: usize,
    end: usize,
}

impl Iterator for FlipEvents {
    type Item = FlipEvent;

    fn next(&mut self) -> Option<FlipEvent> {
        loop {
            let rest = &self.bytes[self.at..self.end];
            let (kind, length) = (word(rest, 0)?, word(rest, 4)? as usize);
            // A length that leads nowhere ends the list.
            let event = rest.get(..length).filter(|event| event.len() >= HEADER)?;
            self.at += length;
            if kind == raw::EVENT_FLIP_COMPLETE && length >= FLIP {
                return flip(event);
            }
        }
    }
}

fn flip(event: &[u8]) -> Option<FlipEvent> {
    let seconds = Duration::from_secs(word(event, 16)?.into());
    let micros = Duration::from_micros(word(event, 20)?.into());
    Some(FlipEvent {
        user_data: u64::from_ne_bytes(event.get(8..16)?.try_into().ok()?),
        time: seconds + micros,
        sequence: word(event, 24)?,
        crtc: CrtcId::present(word(event, 28)?),
    })
}

/// The number at a place; events are in the machine's byte order.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

impl Card {
    /// The flips that were done, none when `timeout` passes or a signal comes before the first.
    ///
    /// # Errors
    /// When the descriptor cannot be waited for or read.
    pub fn read_events(&self, timeout: Duration) -> Result<FlipEvents, KmsError> {
        let mut events = FlipEvents { bytes: [0; ROOM], at: 0, end: 0 };
        if self.is_readable(timeout)? {
            match io::read(self.as_fd(), &mut events.bytes) {
                Ok(end) => events.end = end,
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(errno) => return Err(KmsError::ioctl("tell of flips")(errno)),
            }
        }
        Ok(events)
    }

    fn is_readable(&self, timeout: Duration) -> Result<bool, KmsError> {
        // A time too long for the kernel is as good as its longest.
        let timeout = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let mut waiting = [PollFd::new(self, PollFlags::IN)];
        match poll(&mut waiting, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => Ok(false),
            Ok(_) => Ok(waiting[0].revents().contains(PollFlags::IN)),
            Err(errno) => Err(KmsError::ioctl("wait for flips")(errno)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(kind: u32, length: u32, user_data: u64, rest: [u32; 4]) -> Vec<u8> {
        let mut bytes = [kind.to_ne_bytes(), length.to_ne_bytes()].concat();
        bytes.extend(user_data.to_ne_bytes());
        bytes.extend(rest.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    fn parse(bytes: &[u8]) -> Vec<FlipEvent> {
        let mut events = FlipEvents { bytes: [0; ROOM], at: 0, end: bytes.len() };
        events.bytes[..bytes.len()].copy_from_slice(bytes);
        events.collect()
    }

    #[test]
    fn flips_are_found_among_other_events() {
        let mut bytes = bytes_of(1, 32, 1, [0; 4]);
        bytes.extend(bytes_of(2, 32, 7 << 32 | 5, [3, 250_000, 99, 37]));
        let time = Duration::from_millis(3250);
        let expected = FlipEvent { user_data: 7 << 32 | 5, time, sequence: 99, crtc: Some(CrtcId::new(37)) };
        assert_eq!(parse(&bytes), [expected]);
    }

    #[test]
    fn broken_lengths_end_the_list() {
        for length in [0, 7, 33, u32::MAX] {
            assert!(parse(&bytes_of(2, length, 0, [0; 4])).is_empty(), "{length}");
        }
        assert!(parse(&bytes_of(2, 16, 0, [0; 4])[..16]).is_empty());
        assert!(parse(&[]).is_empty());
    }

    #[test]
    fn waiting_for_a_flip_ends() {
        let (ours, _theirs) = rustix::pipe::pipe().expect("a pipe");
        let events = Card::from_fd(ours).read_events(Duration::from_millis(1)).expect("nothing is no fault");
        assert_eq!(events.count(), 0);
    }
}
