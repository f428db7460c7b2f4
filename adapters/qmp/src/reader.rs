//! The thread that reads.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::events::EventSink;
use crate::lines::Lines;
use crate::message::Incoming;
use crate::pending::Pending;

/// What the reading thread owns.
pub(crate) struct Reader {
    pub(crate) stream: UnixStream,
    pub(crate) lines: Lines,
    pub(crate) pending: Arc<Pending>,
    pub(crate) events: EventSink,
}

impl Reader {
    /// Reads until the connection ends, then ends every wait.
    pub(crate) fn run(mut self) {
        let reason = self.read_all();
        tracing::debug!(reason, "QMP connection ended");
        // The peer may still live, when it was what it sent that ended it.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.pending.close();
        self.events.close(reason);
    }

    fn read_all(&mut self) -> String {
        let mut buffer = [0; 16 * 1024];
        loop {
            loop {
                match self.lines.next_line() {
                    Ok(Some(line)) => self.take(&line),
                    Ok(None) => break,
                    Err(_) => return "QEMU sent a line that is too long".to_owned(),
                }
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return "QEMU hung up".to_owned(),
                Ok(read) => self.lines.push(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return format!("reading failed: {error}"),
            }
        }
    }

    fn take(&mut self, line: &[u8]) {
        match Incoming::decode(line) {
            Ok(Incoming::Reply { id, reply }) => {
                if !self.pending.answer(id, reply) {
                    tracing::debug!(id, "a QMP reply that nobody waits for");
                }
            }
            Ok(Incoming::Event(event)) => {
                tracing::trace!(name = event.name, "QMP event");
                self.events.send(event);
            }
            Ok(Incoming::Greeting(_)) => tracing::warn!("QEMU greets twice"),
            Err(error) => tracing::warn!(%error, "QEMU sent a line that is not understood"),
        }
    }
}
