//! The child process as its parent sees it.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use lunette_sys_process::{Lifetime, Spawn};
use tokio::net::UnixStream;
use tokio::time::{MissedTickBehavior, interval};

use super::channel::send;
use super::hold::Wanted;
use super::message::{HeldId, Message};
use super::{BEAT, LifelineProgram};

/// A running lifeline. Dropping it ends the process; on Linux so does the end of the thread that started it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    socket: UnixStream,
    /// What it holds.
    told: BTreeSet<HeldId>,
}

impl Process {
    /// Starts the program.
    pub(super) fn start(program: &LifelineProgram) -> io::Result<Self> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let socket = UnixStream::from_std(ours)?;
        let mut command = Command::new(&program.path);
        command.arg0(&program.name).args(&program.arguments).stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
        let child = Spawn::new(command, Lifetime::SpawningThread).spawn()?;
        Ok(Self { child, socket, told: BTreeSet::new() })
    }

    /// Has it hold what is wanted, until it has ended or does not listen any more.
    pub(super) async fn serve(&mut self, wanted: &Wanted) -> io::Error {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let result = match self.tell(wanted) {
                // Without sockets nobody listens for beats, and nothing here wakes up.
                Ok(()) => tokio::select! {
                    () = wanted.changed() => Ok(()),
                    _ = beats.tick(), if !self.told.is_empty() => send(self.socket.as_fd(), Message::Beat, None),
                    ended = self.ended() => Err(ended),
                },
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                return error;
            }
        }
    }

    /// Tells what is wanted now and was not before, and the other way round.
    fn tell(&mut self, wanted: &Wanted) -> io::Result<()> {
        let sockets = wanted.sockets();
        let socket = self.socket.as_fd();
        for id in self.told.iter().filter(|id| !sockets.by_id.contains_key(id)) {
            send(socket, Message::Forget(*id), None)?;
        }
        for (id, held) in sockets.by_id.iter().filter(|(id, _)| !self.told.contains(id)) {
            send(socket, Message::Hold(*id), Some(held.as_fd()))?;
        }
        self.told = sockets.by_id.keys().copied().collect();
        Ok(())
    }

    /// Returns when the process has ended, or says something, which it never does.
    async fn ended(&self) -> io::Error {
        loop {
            if let Err(error) = self.socket.readable().await {
                return error;
            }
            match self.socket.try_read(&mut [0]) {
                Ok(_) => return io::Error::other("it has ended"),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return error,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has nothing to save, and one that is stopped would not see the end of its socket.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
