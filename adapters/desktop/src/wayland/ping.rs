//! Whether the compositor answers, without taking part in its session.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::Display;
use super::link::COMPOSITOR;
use crate::SessionError;

/// `wl_display.sync`: object 1, request 0, 12 bytes, and the callback becomes object 2.
const SYNC: [u32; 3] = [1, 12 << 16, 2];
/// `wl_callback.done`: object 2, event 0.
const DONE: [u32; 2] = [2, 12 << 16];

impl Display {
    /// Asks the compositor for a sign of life over a connection of its own, and returns how long that took.
    ///
    /// # Errors
    /// When there is no compositor, or it does not answer within the limit.
    pub fn ping(&self, limit: Duration) -> Result<Duration, SessionError> {
        let started = Instant::now();
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => SessionError::Late { what: COMPOSITOR, limit },
            _ => SessionError::gone(COMPOSITOR, error.to_string()),
        };
        let mut stream = UnixStream::connect(self.path()).map_err(failed)?;
        stream.set_read_timeout(Some(limit)).map_err(failed)?;
        stream.set_write_timeout(Some(limit)).map_err(failed)?;
        stream.write_all(&words::<3, 12>(SYNC)).map_err(failed)?;
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).map_err(failed)?;
        if answer != words::<2, 8>(DONE) {
            return Err(SessionError::gone(COMPOSITOR, "what listens there is none"));
        }
        Ok(started.elapsed())
    }
}

/// Messages are words in the machine's own byte order.
fn words<const WORDS: usize, const BYTES: usize>(words: [u32; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    fn listening() -> (tempfile::TempDir, UnixListener, Display) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wayland-0");
        (folder, UnixListener::bind(&path).unwrap(), Display::new(path))
    }

    #[test]
    fn a_compositor_that_hangs_is_late() {
        let (_folder, _listener, display) = listening();
        assert!(matches!(display.ping(LIMIT), Err(SessionError::Late { .. })));
    }

    #[test]
    fn what_closes_or_babbles_is_no_compositor() {
        let (_folder, listener, display) = listening();
        let other = std::thread::spawn(move || {
            drop(listener.accept().unwrap());
            listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request").unwrap();
        });
        for _ in 0..2 {
            assert!(matches!(display.ping(LIMIT * 20), Err(SessionError::Gone { .. })));
        }
        other.join().unwrap();
    }

    #[test]
    fn a_socket_that_is_not_there_is_named_gone() {
        let display = Display::new("/nonexistent/wayland-0".into());
        assert!(matches!(display.ping(LIMIT), Err(SessionError::Gone { .. })));
    }
}
