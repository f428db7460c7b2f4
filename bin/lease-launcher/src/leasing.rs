//! The desktop's lease.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use lunette_desktop::Reason;
use lunette_frame::{ScanoutId, Size};
use lunette_leasing::{Connection, Held, Terms, take};
use lunette_wire::Token;
use rustix::io::fcntl_dupfd_cloexec;
use tokio::net::UnixStream;

use crate::step::{Step, blocking};

/// drm-manager answers within 5 s; one that is just being restarted may need a few more.
const LIMIT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);
const TRIES: u32 = 25;

/// A lease of one output; given back when it is dropped.
pub(crate) struct Lease {
    pub(crate) scanout: ScanoutId,
    pub(crate) connector: String,
    pub(crate) token: Option<Token>,
    card: OwnedFd,
    /// Another descriptor of the connection, to wait on.
    end: UnixStream,
    _connection: Connection,
}

impl Lease {
    /// Takes one of this size. Whoever stops waiting gives it back.
    pub(crate) async fn take(socket: PathBuf, size: Size) -> Result<Self, Reason> {
        let step = "take a lease";
        // Its other end closes with this future, and the thread that waits ends.
        let (cancel, cancelled) = io::pipe().step(step)?;
        let held = blocking(move || patiently(&socket, size, &cancel)).await;
        drop(cancelled);
        Self::of(held.step(step)?).step(step)
    }

    fn of(held: Held) -> io::Result<Self> {
        let Held { card, scanout, connector, token, connection } = held;
        let card = fcntl_dupfd_cloexec(card.as_fd(), 0)?;
        let end = std::os::unix::net::UnixStream::from(fcntl_dupfd_cloexec(connection.as_fd(), 0)?);
        end.set_nonblocking(true)?;
        Ok(Self { scanout, connector, token, card, end: UnixStream::from_std(end)?, _connection: connection })
    }

    /// What is drawn on.
    pub(crate) fn card(&self) -> BorrowedFd<'_> {
        self.card.as_fd()
    }

    /// Another descriptor of it.
    pub(crate) fn copy(&self) -> io::Result<OwnedFd> {
        Ok(fcntl_dupfd_cloexec(&self.card, 0)?)
    }

    /// Ends when the manager has ended the lease.
    pub(crate) async fn ended(&self) -> Reason {
        let cause = match self.end.readable().await {
            Ok(()) => "drm-manager ended it".to_owned(),
            Err(error) => error.to_string(),
        };
        Reason::LeaseLost { cause }
    }
}

/// A manager that is not there yet, or is starting again, is asked again.
fn patiently(
    socket: &std::path::Path,
    size: Size,
    cancel: &io::PipeReader,
) -> Result<Held, lunette_leasing::LeaseError> {
    let terms = Terms { size, light_crtc: false, limit: LIMIT };
    for _ in 1..TRIES {
        match take(socket, &terms, cancel) {
            Err(lunette_leasing::LeaseError::Connect { .. } | lunette_leasing::LeaseError::Closed) => {
                std::thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
    take(socket, &terms, cancel)
}
