//! Greeting and negotiation.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::error::QmpError;
use crate::lines::Lines;
use crate::message::{Incoming, Version};
use crate::socket::{Deadline, read_before, send_all};

/// The id of `qmp_capabilities`; commands start at 1.
const CAPABILITIES_ID: u64 = 0;

/// A connection that may take commands.
pub(crate) struct Ready {
    pub(crate) version: Version,
    /// What was read beyond the handshake.
    pub(crate) lines: Lines,
}

/// Reads the greeting and leaves negotiation mode.
pub(crate) fn shake_hands(stream: &mut UnixStream, path: &Path, deadline: Deadline) -> Result<Ready, QmpError> {
    let mut handshake = Handshake { stream, path, deadline, lines: Lines::default() };
    let version = handshake.greeting()?;
    handshake.capabilities()?;
    Ok(Ready { version, lines: handshake.lines })
}

struct Handshake<'a> {
    stream: &'a mut UnixStream,
    path: &'a Path,
    deadline: Deadline,
    lines: Lines,
}

impl Handshake<'_> {
    fn greeting(&mut self) -> Result<Version, QmpError> {
        match self.next()? {
            Incoming::Greeting(version) => Ok(version),
            other => Err(self.wrong(format!("its first message is {other:?}"))),
        }
    }

    fn capabilities(&mut self) -> Result<(), QmpError> {
        let command = b"{\"execute\":\"qmp_capabilities\",\"id\":0}\n";
        send_all(self.stream, command, None).map_err(|source| self.failed(source))?;
        loop {
            match self.next()? {
                Incoming::Reply { id: CAPABILITIES_ID, reply: Ok(_) } => return Ok(()),
                Incoming::Reply { id: CAPABILITIES_ID, reply: Err(refusal) } => {
                    return Err(self.wrong(refusal.description));
                }
                // An event of before the negotiation is nobody's.
                Incoming::Event(_) => {}
                other => return Err(self.wrong(format!("unexpected {other:?}"))),
            }
        }
    }

    fn next(&mut self) -> Result<Incoming, QmpError> {
        loop {
            let line = self.lines.next_line().map_err(|_| self.wrong("its line does not end".to_owned()))?;
            if let Some(line) = line {
                return Incoming::decode(&line).map_err(|error| self.wrong(error.to_string()));
            }
            let mut buffer = [0; 4096];
            match read_before(self.stream, &mut buffer, self.deadline) {
                Ok(0) => return Err(self.wrong("it hung up".to_owned())),
                Ok(read) => self.lines.push(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    fn failed(&self, source: io::Error) -> QmpError {
        if source.kind() == io::ErrorKind::TimedOut {
            return QmpError::Silent { path: self.path.to_owned(), limit: self.deadline.limit };
        }
        QmpError::Connect { path: self.path.to_owned(), source }
    }

    fn wrong(&self, what: String) -> QmpError {
        QmpError::Handshake { path: self.path.to_owned(), what }
    }
}
