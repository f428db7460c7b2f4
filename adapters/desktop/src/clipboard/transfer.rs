//! Pipes between who copied and who pastes.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::time::Timespec;

use super::CLIPBOARD;
use crate::SessionError;

/// Readers that are served at a time. Further ones get nothing.
const MOST_READERS: usize = 16;
/// A reader that takes no longer than this for everything is served.
const WRITE: Duration = Duration::from_secs(30);
const PORTION: usize = 64 << 10;

static READERS: AtomicUsize = AtomicUsize::new(0);

/// Reads to the end.
pub(crate) async fn read(pipe: OwnedFd, limit: Duration, largest: usize) -> Result<Vec<u8>, SessionError> {
    let read = tokio::task::spawn_blocking(move || read_now(pipe, limit, largest));
    read.await.map_err(|error| SessionError::gone(CLIPBOARD, error.to_string()))?
}

fn read_now(pipe: OwnedFd, limit: Duration, largest: usize) -> Result<Vec<u8>, SessionError> {
    let late = || SessionError::Late { what: "whoever copied", limit };
    let failed = |error: std::io::Error| SessionError::system("cannot read the clipboard", error);
    let deadline = Instant::now() + limit;
    no_blocking(&pipe).map_err(failed)?;
    let (mut file, mut all) = (File::from(pipe), Vec::new());
    let mut portion = vec![0; PORTION];
    loop {
        if !wait(&file, PollFlags::IN, deadline) {
            return Err(late());
        }
        match file.read(&mut portion) {
            Ok(0) => return Ok(all),
            Ok(length) if all.len() + length > largest => {
                return Err(SessionError::TooLarge { what: CLIPBOARD, limit: largest });
            }
            Ok(length) => all.extend_from_slice(&portion[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Writes it all on a thread of its own, so that a slow reader holds up nobody.
pub(crate) fn write(pipe: OwnedFd, bytes: Arc<[u8]>, done: impl FnOnce(bool) + Send + 'static) {
    if READERS.fetch_add(1, Ordering::Relaxed) >= MOST_READERS {
        READERS.fetch_sub(1, Ordering::Relaxed);
        tracing::warn!("too many programs read the clipboard at once");
        drop(pipe);
        return done(false);
    }
    let job = move || {
        let written = write_now(pipe, &bytes);
        READERS.fetch_sub(1, Ordering::Relaxed);
        if let Err(error) = &written {
            tracing::debug!(%error, "a program did not take all of the clipboard");
        }
        done(written.is_ok());
    };
    if let Err(error) = thread::Builder::new().name("clipboard-write".into()).spawn(job) {
        READERS.fetch_sub(1, Ordering::Relaxed);
        tracing::error!(%error, "no thread to hand over the clipboard");
    }
}

fn write_now(pipe: OwnedFd, mut bytes: &[u8]) -> std::io::Result<()> {
    let deadline = Instant::now() + WRITE;
    no_blocking(&pipe)?;
    let mut file = File::from(pipe);
    while !bytes.is_empty() {
        if !wait(&file, PollFlags::OUT, deadline) {
            return Err(ErrorKind::TimedOut.into());
        }
        match file.write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The other end may be a program's own file; its flags are shared, and nobody else uses ours.
fn no_blocking(pipe: &OwnedFd) -> std::io::Result<()> {
    Ok(fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?)
}

fn wait(file: impl AsFd, what: PollFlags, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else { return false };
        match poll(&mut [PollFd::new(&file, what)], Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(count) => return count > 0,
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rustix::pipe::pipe;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (reading, writing) = pipe().unwrap();
        let bytes: Arc<[u8]> = vec![7; 1 << 20].into();
        write(writing, Arc::clone(&bytes), |_| {});
        assert_eq!(read_now(reading, Duration::from_secs(5), 1 << 20).unwrap(), &bytes[..]);
    }

    #[test]
    fn more_than_the_limit_is_not_read() {
        let (reading, writing) = pipe().unwrap();
        let (told, done) = mpsc::channel();
        write(writing, vec![7; 1 << 20].into(), move |whole| told.send(whole).unwrap());
        let read = read_now(reading, Duration::from_secs(5), 1000);
        assert!(matches!(read, Err(SessionError::TooLarge { limit: 1000, .. })));
        assert!(!done.recv().unwrap());
    }

    #[test]
    fn whoever_hands_nothing_over_is_not_waited_for() {
        let (reading, _writing) = pipe().unwrap();
        let read = read_now(reading, Duration::from_millis(20), 1000);
        assert!(matches!(read, Err(SessionError::Late { .. })));
    }
}
