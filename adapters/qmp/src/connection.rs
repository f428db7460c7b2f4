//! A connection to a monitor.

use std::net::Shutdown;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::QmpError;
use crate::events::{Events, events};
use crate::handshake::{Ready, shake_hands};
use crate::message::Version;
use crate::pending::Pending;
use crate::reader::Reader;
use crate::socket::{Deadline, dial, send_all};

/// How long [`Qmp::execute`] waits for a reply.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// How long a full socket may hold up a command.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// A connection to one QMP monitor. May be shared between threads; dropping it closes the connection.
#[derive(Debug)]
pub struct Qmp {
    // A lock, so that two commands do not mix on the wire; each is a few hundred bytes.
    stream: Mutex<UnixStream>,
    pending: Arc<Pending>,
    version: Version,
    reader: Option<JoinHandle<()>>,
}

impl Qmp {
    /// Connects and negotiates. A socket that does not exist yet, or that nobody listens on, is tried until `deadline`
    /// has passed.
    ///
    /// # Errors
    /// When nobody listens, the peer is silent (a monitor serves one client at a time), or does not speak QMP.
    pub fn connect(path: &Path, deadline: Duration) -> Result<(Self, Events), QmpError> {
        let failed = |source| QmpError::Connect { path: path.to_owned(), source };
        let deadline = Deadline::after(deadline);
        let mut stream = dial(path, deadline).map_err(failed)?;
        let Ready { version, lines } = shake_hands(&mut stream, path, deadline)?;
        stream.set_read_timeout(None).map_err(failed)?;
        stream.set_write_timeout(Some(SEND_LIMIT)).map_err(failed)?;
        let pending = Arc::new(Pending::new());
        let (sink, events) = events();
        let reader =
            Reader { stream: stream.try_clone().map_err(failed)?, lines, pending: pending.clone(), events: sink };
        let reader = std::thread::Builder::new()
            .name("qmp-read".to_owned())
            .spawn(move || reader.run())
            .map_err(QmpError::Thread)?;
        Ok((Self { stream: Mutex::new(stream), pending, version, reader: Some(reader) }, events))
    }

    /// Which QEMU is at the other end.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Runs a command and waits [`COMMAND_LIMIT`] for its result. `()` stands for no arguments.
    ///
    /// # Errors
    /// When QEMU refuses, does not reply in time, or the connection ends.
    pub fn execute(&self, command: &str, arguments: impl Serialize) -> Result<Value, QmpError> {
        self.execute_within(command, arguments, COMMAND_LIMIT)
    }

    /// Like [`Qmp::execute`], with a limit of one's own.
    ///
    /// # Errors
    /// As for [`Qmp::execute`].
    pub fn execute_within(&self, command: &str, arguments: impl Serialize, limit: Duration) -> Result<Value, QmpError> {
        self.call(command, arguments, None, limit)
    }

    /// Gives QEMU a copy of a descriptor, which later commands call `name`. An earlier one of that name is replaced.
    ///
    /// # Errors
    /// As for [`Qmp::execute`].
    pub fn pass_fd(&self, name: &str, fd: BorrowedFd<'_>) -> Result<(), QmpError> {
        self.call("getfd", json!({ "fdname": name }), Some(fd), COMMAND_LIMIT).map(drop)
    }

    fn call(
        &self,
        command: &str,
        arguments: impl Serialize,
        fd: Option<BorrowedFd<'_>>,
        limit: Duration,
    ) -> Result<Value, QmpError> {
        let arguments = serde_json::to_value(arguments)
            .map_err(|source| QmpError::Arguments { command: command.to_owned(), source })?;
        let closed = || QmpError::Closed { command: command.to_owned() };
        let (id, reply) = self.pending.register().ok_or_else(closed)?;
        if let Err(source) = self.send(&line(command, arguments, id), fd) {
            self.pending.forget(id);
            return Err(QmpError::Send { command: command.to_owned(), source });
        }
        match reply.recv_timeout(limit) {
            Ok(reply) => reply.map_err(|refusal| QmpError::Refused {
                command: command.to_owned(),
                class: refusal.class,
                description: refusal.description,
            }),
            Err(RecvTimeoutError::Disconnected) => Err(closed()),
            Err(RecvTimeoutError::Timeout) => {
                self.pending.forget(id);
                Err(QmpError::TimedOut { command: command.to_owned(), limit })
            }
        }
    }

    fn send(&self, line: &[u8], fd: Option<BorrowedFd<'_>>) -> std::io::Result<()> {
        // A panic elsewhere cannot leave the socket half-changed.
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // Half a command would make nonsense of the next one.
        send_all(&stream, line, fd).inspect_err(|_| drop(stream.shutdown(Shutdown::Both)))
    }
}

impl Drop for Qmp {
    fn drop(&mut self) {
        let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Fails when the peer was faster; the reader has seen its end then.
        let _ = stream.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn line(command: &str, arguments: Value, id: u64) -> Vec<u8> {
    let mut object = json!({ "execute": command, "id": id });
    if !arguments.is_null() {
        object["arguments"] = arguments;
    }
    let mut line = object.to_string().into_bytes();
    line.push(b'\n');
    line
}
