//! What goes wrong between us and QEMU.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use lunette_frame::{PictureError, Size};
use lunette_qmp::QmpError;

/// Why QEMU cannot be reached or does not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum QemuError {
    /// The system has no thread for us.
    #[error("cannot start the thread that listens to QEMU")]
    Thread(#[source] io::Error),
    /// The monitor does not introduce us to the display bus.
    #[error("cannot reach QEMU's display over the QMP socket {path}")]
    Monitor {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        source: Box<QmpError>,
    },
    /// The bus cannot be joined.
    #[error("cannot join the bus {address}")]
    Bus {
        /// The bus.
        address: String,
        /// What went wrong.
        source: Box<zbus::Error>,
    },
    /// The system refuses a socket.
    #[error("cannot make a socket for QEMU's display")]
    Socket(#[source] io::Error),
    /// QEMU does not greet.
    #[error("QEMU's display does not greet")]
    Greeting(#[source] Box<zbus::Error>),
    /// QEMU refuses a call, or is gone.
    #[error("QEMU does not do {method}")]
    Call {
        /// The D-Bus method.
        method: &'static str,
        /// What went wrong.
        source: Box<zbus::Error>,
    },
    /// QEMU is silent.
    #[error("QEMU has not answered {what} within {} ms", limit.as_millis())]
    Silent {
        /// What it was asked.
        what: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The machine has nothing to show.
    #[error("the machine has no graphic console")]
    NoConsole,
    /// Several display devices, whose order a guest may see otherwise.
    #[error("the display device at {device:?} is not on the first PCI bus: its guest may count it elsewhere than we")]
    Elsewhere {
        /// Its address.
        device: String,
    },
    /// A display server of a version that nobody knows.
    #[error("QEMU answers {method} with something else than {wanted}")]
    Answer {
        /// The D-Bus method.
        method: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
}

/// Why there is no picture although the machine has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Pixels of an unknown layout.
    #[error("pixels of pixman format {0:#010x} cannot be shown")]
    Format(u32),
    /// Pictures in GPU memory.
    #[error("the machine hands out its pictures as DMABUF, which cannot be captured: start QEMU with gl=off")]
    Dmabuf,
    /// The machine shows more pixels than there is memory for.
    #[error("pictures of {size} need {needed} bytes, of {limit} bytes {free} are free")]
    Memory {
        /// The picture.
        size: Size,
        /// What it needs.
        needed: u64,
        /// What is free.
        free: u64,
        /// What there is in all.
        limit: u64,
    },
    /// A picture whose size, stride and data do not fit each other.
    #[error("the machine sent an impossible picture: {0}")]
    Picture(PictureError),
    /// The shared memory cannot be read.
    #[error("the machine's memory cannot be read: {0}")]
    Unreadable(String),
}
