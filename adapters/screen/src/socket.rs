//! Messages over a TCP connection, each within a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use lunette_wire::hxfr::{Framer, Message, Received, SessionId};

use crate::ScreenError;

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    framer: Framer,
    limit: Duration,
}

impl Socket {
    /// Connects to the first of the address's meanings that answers.
    pub(crate) fn connect(address: &str, limit: Duration) -> Result<Self, ScreenError> {
        let failed = |source| ScreenError::Connect { address: address.to_owned(), source };
        let until = Instant::now() + limit;
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for meaning in address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&meaning, left(until).ok_or(ScreenError::Late(limit))?) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    return Ok(Self { stream, framer: Framer::new(), limit });
                }
                Err(error) => last = error,
            }
        }
        Err(if last.kind() == ErrorKind::TimedOut { ScreenError::Late(limit) } else { failed(last) })
    }

    /// Sends messages, and returns the first that `is_answer` makes something of.
    pub(crate) fn ask<T>(
        &mut self,
        messages: &[Message],
        is_answer: impl Fn(Message) -> Option<T>,
    ) -> Result<T, ScreenError> {
        let until = Instant::now() + self.limit;
        let mut bytes = BytesMut::new();
        for message in messages {
            // Only pictures can be too large.
            let _ = message.encode(SessionId::NONE, &mut bytes);
        }
        self.stream.set_write_timeout(Some(self.limit)).map_err(ScreenError::Broken)?;
        self.stream.write_all(&bytes).map_err(|error| self.broken(error))?;
        loop {
            match self.framer.next_message()? {
                // What cannot be read may have been meant for somebody newer.
                Some(Received { body: Err(_), .. }) => {}
                Some(Received { body: Ok(message), .. }) => {
                    if let Some(answer) = is_answer(message) {
                        return Ok(answer);
                    }
                }
                None => self.read(until)?,
            }
        }
    }

    fn read(&mut self, until: Instant) -> Result<(), ScreenError> {
        let mut bytes = [0; 1024];
        let left = left(until).ok_or(ScreenError::Late(self.limit))?;
        self.stream.set_read_timeout(Some(left)).map_err(ScreenError::Broken)?;
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ScreenError::Closed),
            Ok(count) => {
                self.framer.push(&bytes[..count]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(self.broken(error)),
        }
    }

    fn broken(&self, error: io::Error) -> ScreenError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => ScreenError::Late(self.limit),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => ScreenError::Closed,
            _ => ScreenError::Broken(error),
        }
    }
}

/// The time until then, when there is any.
fn left(until: Instant) -> Option<Duration> {
    Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}
