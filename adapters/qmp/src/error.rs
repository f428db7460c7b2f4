//! Why a conversation with QEMU failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum QmpError {
    /// Nobody listens there.
    #[error("cannot connect to the QMP socket {}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said last.
        source: io::Error,
    },
    /// The peer accepted, and did not introduce itself as QMP does.
    #[error("{} does not speak QMP: {what}", path.display())]
    Handshake {
        /// The socket.
        path: PathBuf,
        /// What was wrong.
        what: String,
    },
    /// The peer accepted and kept silent; a monitor serves one client at a time.
    #[error("{} did not answer within {limit:?}; it may have a client already", path.display())]
    Silent {
        /// The socket.
        path: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
    /// The arguments cannot be written as JSON.
    #[error("the arguments of {command} are no JSON")]
    Arguments {
        /// The command.
        command: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// The command could not be sent.
    #[error("cannot send {command} to QEMU")]
    Send {
        /// The command.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// QEMU refused the command.
    #[error("QEMU refuses {command}: {description} ({class})")]
    Refused {
        /// The command.
        command: String,
        /// QEMU's class of error.
        class: String,
        /// QEMU's words.
        description: String,
    },
    /// No reply came in time.
    #[error("QEMU did not reply to {command} within {limit:?}")]
    TimedOut {
        /// The command.
        command: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The connection ended before the reply.
    #[error("the QMP connection ended before the reply to {command}")]
    Closed {
        /// The command.
        command: String,
    },
    /// The reading thread could not be started.
    #[error("cannot start the thread that reads QMP")]
    Thread(#[source] io::Error),
}
