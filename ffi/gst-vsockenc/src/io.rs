//! The task's half: it waits for the socket, and hands on what came.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use lunette_remote_encode::Trouble;
use lunette_wire::hxfr::{FrameError, Framer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::session::{Session, Task};
use crate::socket::Connection;

/// Bytes read at once.
const READ: usize = 64 << 10;

/// The socket, which nobody but the task touches.
#[derive(Debug, Default)]
pub(crate) struct Io {
    connection: Option<(Connection, Framer)>,
    dialling: Option<Receiver<io::Result<Connection>>>,
}

impl Io {
    /// Passes what happened to the client; what is to be done about it. Waits when that is nothing.
    pub(crate) fn turn(&mut self, session: &Arc<Session>) -> Vec<Task> {
        self.look_for_connection(session);
        if let Err(trouble) = self.move_bytes(session) {
            self.connection = None;
            session.with(|state, now| state.client.lost(trouble, now));
        }
        // Behind the reading: an answer that waited for us, while downstream was slow, did not come late.
        session.with(|state, now| state.client.handle_timeout(now));
        let tasks = self.tasks(session);
        if tasks.is_empty() {
            self.wait(session);
        }
        tasks
    }

    /// Starts to connect, on a thread of its own: looking up a name cannot be interrupted.
    pub(crate) fn dial(&mut self, session: &Arc<Session>) {
        let (sender, receiver) = channel();
        self.dialling = Some(receiver);
        let caller = Arc::clone(session);
        let dial = move || {
            // Nobody waits for it when the element has stopped.
            let _ = sender.send(Connection::dial(&caller.address, caller.timeout));
            drop(sender);
            caller.wake();
        };
        if let Err(error) = std::thread::Builder::new().name("vsockenc-dial".into()).spawn(dial) {
            self.dialling = None;
            session.with(|state, now| state.client.lost(Trouble::Unreachable(error.to_string()), now));
        }
    }

    pub(crate) fn close(&mut self) {
        *self = Self::default();
    }

    fn tasks(&self, session: &Session) -> Vec<Task> {
        let mut state = session.lock();
        let tasks: Vec<_> = state.tasks.drain(..).collect();
        state.delivering = !tasks.is_empty();
        tasks
    }

    fn wait(&self, session: &Session) {
        let state = session.lock();
        let deadline = state.client.deadline().map(|at| at.saturating_sub(session.now()));
        let writes = !state.outbox.is_empty();
        drop(state);
        // A bound for what cannot happen: a wake that is lost.
        let limit = deadline.unwrap_or(Duration::from_secs(60)).min(Duration::from_secs(60)) + Duration::from_millis(1);
        let limit = Timespec::try_from(limit).ok();
        let mut fds = vec![PollFd::new(session.waker(), PollFlags::IN)];
        if let Some((connection, _)) = &self.connection {
            let flags = if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            fds.push(PollFd::from_borrowed_fd(connection.as_fd(), flags));
        }
        // Interrupted or not, the next turn looks again.
        let _ = poll(&mut fds, limit.as_ref());
        let _ = rustix::io::read(session.waker(), &mut [0_u8; 8]);
    }

    fn look_for_connection(&mut self, session: &Session) {
        let Some(receiver) = &self.dialling else { return };
        let dialled = match receiver.try_recv() {
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => Err(io::Error::other("the attempt was given up")),
            Ok(dialled) => dialled,
        };
        self.dialling = None;
        match dialled {
            Ok(connection) => {
                self.connection = Some((connection, Framer::new()));
                session.with(|state, now| {
                    state.stats.connections += 1;
                    state.client.connected(now);
                });
            }
            Err(error) => session.with(|state, now| state.client.lost(Trouble::Unreachable(error.to_string()), now)),
        }
    }

    /// Reads before it writes, so that an answer that has come is never too late.
    fn move_bytes(&mut self, session: &Session) -> Result<(), Trouble> {
        let Some((connection, framer)) = &mut self.connection else { return Ok(()) };
        let broken = |error: io::Error| Trouble::Broken(error.to_string());
        let mut buffer = [0; READ];
        while let Some(read) = connection.read(&mut buffer).map_err(broken)? {
            if read == 0 {
                return Err(Trouble::Closed);
            }
            framer.push(&buffer[..read]);
            session.with(|state, now| {
                state.stats.bytes_received += read as u64;
                while let Some(received) = framer.next_message()? {
                    state.client.receive(received, now);
                }
                Ok::<_, FrameError>(())
            })?;
        }
        session.lock().write(connection).map_err(broken)
    }
}
