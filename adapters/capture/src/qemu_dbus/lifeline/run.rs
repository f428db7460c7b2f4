//! The child process.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::PATIENCE;
use super::channel::{Inbox, Received};
use super::error::LifelineError;
use super::holder::Holder;

/// Holds what the capture at the other end of `socket` wants held, until the capture ends.
///
/// # Errors
/// When that is no capture, or the system refuses.
pub fn run(socket: &OwnedFd) -> Result<(), LifelineError> {
    let mut holder = Holder::new(Instant::now());
    let mut inbox = Inbox::default();
    loop {
        if is_readable(socket.as_fd(), holder.deadline())? {
            match inbox.receive(socket.as_fd())? {
                Received::Message(message, fd) => holder.handle(Instant::now(), message, fd)?,
                Received::Part => {}
                Received::End => {
                    holder.shut();
                    return Ok(());
                }
            }
        } else {
            let shut = holder.handle_timeout(Instant::now());
            if shut > 0 {
                let silence = PATIENCE.as_millis();
                eprintln!("lifeline: no sign of life for {silence} ms: QEMU is told to drop {shut} listeners");
            }
        }
    }
}

/// Waits until there is something to read; `false` when there was not, up to `deadline`.
fn is_readable(socket: BorrowedFd<'_>, deadline: Option<Instant>) -> Result<bool, LifelineError> {
    let limit = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
    match poll(&mut [PollFd::from_borrowed_fd(socket, PollFlags::IN)], limit.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(LifelineError::Wait(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::thread::JoinHandle;
    use std::time::Duration;

    use super::super::channel::send;
    use super::super::message::{HeldId, Message};
    use super::*;

    struct Scene {
        capture: UnixStream,
        listener: UnixStream,
        qemu: UnixStream,
        lifeline: JoinHandle<Result<(), LifelineError>>,
    }

    fn scene() -> Scene {
        let (capture, theirs) = UnixStream::pair().unwrap();
        let (listener, qemu) = UnixStream::pair().unwrap();
        qemu.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let socket = OwnedFd::from(theirs);
        let lifeline = std::thread::spawn(move || run(&socket));
        send(capture.as_fd(), Message::Hold(HeldId(1)), Some(listener.as_fd())).unwrap();
        Scene { capture, listener, qemu, lifeline }
    }

    #[test]
    fn silence_shuts_what_both_hold() {
        let start = Instant::now();
        let mut scene = scene();
        assert_eq!(scene.qemu.read(&mut [0]).unwrap(), 0);
        assert!(start.elapsed() >= PATIENCE);
        assert_eq!(scene.listener.read(&mut [0]).unwrap(), 0);
        drop(scene.capture);
        scene.lifeline.join().unwrap().unwrap();
    }

    #[test]
    fn the_end_of_the_capture_is_the_end_of_everything() {
        let start = Instant::now();
        let mut scene = scene();
        drop((scene.capture, scene.listener));
        assert_eq!(scene.qemu.read(&mut [0]).unwrap(), 0);
        scene.lifeline.join().unwrap().unwrap();
        assert!(start.elapsed() < PATIENCE, "it was not waited for");
    }

    #[test]
    fn what_is_no_socket_is_refused() {
        let (reader, _) = std::io::pipe().unwrap();
        assert!(matches!(run(&reader.into()), Err(LifelineError::Read(_))));
    }
}
