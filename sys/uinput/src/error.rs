//! What can go wrong.

use std::io;
use std::path::PathBuf;

/// Why there is no device, or nothing can be said through it.
#[derive(Debug, thiserror::Error)]
pub enum UinputError {
    /// No way to make devices.
    #[error("cannot open {path}: load the kernel module uinput, or let this process use it")]
    Open {
        /// The node.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A text that no device can have.
    #[error("{what} of an input device has a NUL, is empty or too long: {text:?}")]
    Text {
        /// Which.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// The kernel refused a step.
    #[error("cannot {what} of the input device {name:?}")]
    Step {
        /// What was attempted.
        what: &'static str,
        /// The device.
        name: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The device has no node.
    #[error("{folder} did not get a node in time: load the kernel module evdev")]
    NoNode {
        /// Where it was expected.
        folder: PathBuf,
    },
}
