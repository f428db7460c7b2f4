//! What can go wrong.

use std::io;

use lunette_frame::Size;
use rustix::io::Errno;

/// A request to the kernel that failed.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// The device node cannot be opened.
    #[error("cannot open {path}")]
    Open {
        /// The node.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The kernel refused an ioctl.
    #[error("the kernel refused to {what}")]
    Ioctl {
        /// What was attempted.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A list grew whenever it was read.
    #[error("the list of {what} does not settle")]
    Unsettled {
        /// What is listed.
        what: &'static str,
    },
    /// An object lacks a property.
    #[error("object {object} has no property `{property}`")]
    NoProperty {
        /// The object's id.
        object: u32,
        /// The property's name.
        property: &'static str,
    },
    /// No picture can have this size.
    #[error("no framebuffer can be {0}")]
    Size(Size),
    /// More was asked for than one request may hold.
    #[error("{count} {what} are more than one request holds")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
}

impl KmsError {
    pub(crate) fn ioctl(what: &'static str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::Ioctl { what, source: errno.into() }
    }

    /// The kernel's reason, where it gave one.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Open { source, .. } | Self::Ioctl { source, .. } => Errno::from_io_error(source),
            Self::Unsettled { .. } | Self::NoProperty { .. } | Self::Size(_) | Self::TooMany { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn the_reason_is_a_source_and_not_repeated() {
        let error = KmsError::ioctl("create a lease")(Errno::BUSY);
        assert_eq!(error.errno(), Some(Errno::BUSY));
        assert_eq!(error.to_string(), "the kernel refused to create a lease");
        assert!(error.source().expect("has one").to_string().contains("busy"));
    }
}
