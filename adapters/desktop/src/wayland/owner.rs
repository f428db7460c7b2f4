//! The thread that owns a connection, and whoever gives it orders.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::time::Timespec;

use super::link::{ANSWER, COMPOSITOR, Wire};
use super::{Display, Part};
use crate::SessionError;

/// Orders that wait. One more is refused.
const WAITING: usize = 4096;
/// Pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the thread is told.
enum Order<C> {
    /// Something for the part.
    Do(C),
    /// Tell when all orders before this are done.
    Report(SyncSender<Result<(), SessionError>>),
}

/// Gives orders to the thread of a connection. The connection ends with the last of them.
#[derive(Debug)]
pub(crate) struct Owner<P: Part> {
    orders: Option<SyncSender<Order<P::Command>>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    wake: OwnedFd,
    /// Why there is no connection. Behind a lock because whoever sends an order must not wait for the thread to say so.
    lost: Mutex<Option<SessionError>>,
}

impl<P: Part> Clone for Owner<P> {
    fn clone(&self) -> Self {
        Self { orders: self.orders.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<P: Part> Drop for Owner<P> {
    fn drop(&mut self) {
        // First the sender, so that the thread that wakes finds it gone.
        self.orders = None;
        self.shared.wake();
    }
}

impl<P: Part> Owner<P> {
    /// Connects. From then on a lost connection is made again, with pauses.
    ///
    /// # Errors
    /// When the first attempt fails.
    pub(crate) fn spawn(display: Display, part: P) -> Result<Self, SessionError> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|error| SessionError::system("cannot make an eventfd", error))?;
        let shared = Arc::new(Shared { wake, lost: Mutex::new(None) });
        let (orders, received) = mpsc::sync_channel(WAITING);
        let (ready, first) = mpsc::sync_channel(1);
        let mut served = Served { display, orders: received, shared: Arc::clone(&shared) };
        thread::Builder::new()
            .name(P::NAME.to_owned())
            .spawn(move || served.run(part, &ready))
            .map_err(|error| SessionError::system("cannot start a thread", error))?;
        let limit = ANSWER * 4;
        first.recv_timeout(limit).map_err(|_| SessionError::Late { what: COMPOSITOR, limit })??;
        Ok(Self { orders: Some(orders), shared })
    }

    /// Sends a command. Whether it was done is for the command itself to tell.
    ///
    /// # Errors
    /// When there is no connection, or too much waits already.
    pub(crate) fn send(&self, command: P::Command) -> Result<(), SessionError> {
        self.order(Order::Do(command))
    }

    /// Waits until all that was sent is done, and the compositor has it.
    ///
    /// # Errors
    /// When the connection was lost, or it takes too long.
    pub(crate) fn flush(&self, limit: Duration) -> Result<(), SessionError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.order(Order::Report(answer))?;
        answered.recv_timeout(limit).unwrap_or(Err(SessionError::Late { what: COMPOSITOR, limit }))
    }

    fn order(&self, order: Order<P::Command>) -> Result<(), SessionError> {
        if let Some(error) = self.shared.lost() {
            return Err(error);
        }
        let orders = self.orders.as_ref().expect("the sender is there until the drop");
        orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => SessionError::Busy(COMPOSITOR),
            TrySendError::Disconnected(_) => SessionError::gone(COMPOSITOR, "its thread has ended"),
        })?;
        self.shared.wake();
        Ok(())
    }
}

impl Shared {
    fn wake(&self) {
        // Full means that it was woken often enough.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    fn sleep_off(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
    }

    fn lost(&self) -> Option<SessionError> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_lost(&self, error: Option<SessionError>) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

/// Why a connection was left.
enum Left {
    Unwanted,
    Lost(SessionError),
}

struct Served<P: Part> {
    display: Display,
    orders: Receiver<Order<P::Command>>,
    shared: Arc<Shared>,
}

impl<P: Part> Served<P> {
    fn run(&mut self, mut part: P, ready: &SyncSender<Result<(), SessionError>>) {
        let (mut pause, mut is_first) = (FIRST_PAUSE, true);
        loop {
            let mut link = None;
            let error = match Wire::open(&self.display, part, &mut link) {
                Ok(mut wire) => {
                    self.shared.set_lost(None);
                    is_first = is_first && ready.send(Ok(())).is_err();
                    pause = FIRST_PAUSE;
                    let left = self.serve(&mut wire);
                    part = wire.close();
                    match left {
                        Left::Unwanted => return,
                        Left::Lost(error) => error,
                    }
                }
                Err((_, error)) if is_first => return drop(ready.send(Err(error))),
                Err((back, error)) => {
                    part = back;
                    error
                }
            };
            tracing::warn!(thread = P::NAME, %error, ?pause, "no compositor");
            self.shared.set_lost(Some(error.clone()));
            part.unbind(&error);
            if self.wait(pause, &error) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn serve(&self, wire: &mut Wire<'_, P>) -> Left {
        loop {
            match self.take_orders(wire) {
                Ok(false) => {}
                Ok(true) => {
                    wire.part().close();
                    let _ = wire.roundtrip();
                    return Left::Unwanted;
                }
                Err(error) => return Left::Lost(error),
            }
            let due = wire.part().due();
            // A part that is not ready for the next command is not woken by it.
            let wake = due.is_none().then(|| self.shared.wake.as_fd());
            if let Err(error) = wire.step(wake, due) {
                return Left::Lost(error);
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                wire.part().tick();
            }
        }
    }

    /// Whether nobody gives orders any more.
    fn take_orders(&self, wire: &mut Wire<'_, P>) -> Result<bool, SessionError> {
        self.shared.sleep_off();
        // A compositor that does not read is told no more: what the connection can keep is little.
        while wire.part().due().is_none() && wire.flush()? {
            match self.orders.try_recv() {
                Ok(Order::Do(command)) => wire.command(command),
                Ok(Order::Report(answer)) => {
                    let done = wire.roundtrip();
                    let _ = answer.send(done.clone());
                    done?;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Refuses orders meanwhile. Whether nobody gives any more.
    fn wait(&self, pause: Duration, error: &SessionError) -> bool {
        let until = Instant::now() + pause;
        loop {
            self.shared.sleep_off();
            loop {
                match self.orders.try_recv() {
                    Ok(Order::Do(command)) => P::refuse(command, error),
                    Ok(Order::Report(answer)) => drop(answer.send(Err(error.clone()))),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return true,
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let mut fds = [PollFd::new(&self.shared.wake, PollFlags::IN)];
            let _ = poll(&mut fds, Timespec::try_from(left).ok().as_ref());
        }
    }
}
