//! What a client asks for.

use std::num::NonZeroU32;

use lunette_frame::{ScanoutId, ScanoutIdError, Size};

const LEASE: u8 = 1;
const RELEASE: u8 = 2;

/// A request; 9 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Lease any free output. [`None`] is 0 on the wire and means [`Request::DEFAULT_SIZE`]'s side.
    Lease {
        /// Pixels per row.
        width: Option<NonZeroU32>,
        /// Rows.
        height: Option<NonZeroU32>,
    },
    /// Give the lease of this output back. Has no reply, and counts only on the connection that holds the lease.
    Release {
        /// The output.
        scanout: ScanoutId,
    },
}

/// A request that no reply but an error can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Neither lease nor release. The reply's text is fixed: clients know it.
    #[error("unknown command")]
    UnknownCommand(u8),
    /// A release of an output that cannot exist.
    #[error("the scanout to release is not possible")]
    Scanout(#[from] ScanoutIdError),
}

impl Request {
    /// Bytes of a request.
    pub const LEN: usize = 9;

    /// What a lease has whose request leaves the size open.
    pub const DEFAULT_SIZE: Size = Size::new(1920, 1080);

    /// A request for a lease of this size.
    #[must_use]
    pub fn lease(size: Size) -> Self {
        Self::Lease { width: NonZeroU32::new(size.width), height: NonZeroU32::new(size.height) }
    }

    /// The size of a lease, open sides taken from [`Request::DEFAULT_SIZE`]; [`None`] for a release.
    #[must_use]
    pub fn size(&self) -> Option<Size> {
        let Self::Lease { width, height } = self else { return None };
        let side = |asked: Option<NonZeroU32>, default| asked.map_or(default, NonZeroU32::get);
        Some(Size::new(side(*width, Self::DEFAULT_SIZE.width), side(*height, Self::DEFAULT_SIZE.height)))
    }

    /// The request's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let (command, first, second) = match *self {
            Self::Lease { width, height } => {
                (LEASE, width.map_or(0, NonZeroU32::get), height.map_or(0, NonZeroU32::get))
            }
            Self::Release { scanout } => (RELEASE, scanout.into(), 0),
        };
        let ([a, b, c, d], [e, f, g, h]) = (first.to_le_bytes(), second.to_le_bytes());
        [command, a, b, c, d, e, f, g, h]
    }

    /// Reads a request.
    ///
    /// # Errors
    /// When the command is unknown or names an impossible output.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, RequestError> {
        let [command, a, b, c, d, e, f, g, h] = *bytes;
        let (first, second) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        match command {
            LEASE => Ok(Self::Lease { width: NonZeroU32::new(first), height: NonZeroU32::new(second) }),
            RELEASE => Ok(Self::Release { scanout: ScanoutId::try_from(first)? }),
            other => Err(RequestError::UnknownCommand(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_sides_have_defaults() {
        let half = Request::Lease { width: NonZeroU32::new(800), height: None };
        assert_eq!(half.size(), Some(Size::new(800, 1080)));
        assert_eq!(Request::decode(&[1, 0, 0, 0, 0, 0, 0, 0, 0]).expect("known").size(), Some(Request::DEFAULT_SIZE));
        assert_eq!(Request::lease(Size::new(0, 0)), Request::Lease { width: None, height: None });
    }

    #[test]
    fn unknown_commands_are_named() {
        assert_eq!(Request::decode(&[3, 0, 0, 0, 0, 0, 0, 0, 0]), Err(RequestError::UnknownCommand(3)));
        assert_eq!(RequestError::UnknownCommand(3).to_string(), "unknown command");
    }

    #[test]
    fn impossible_scanouts_are_refused_and_the_last_field_of_a_release_is_ignored() {
        assert!(matches!(Request::decode(&[2, 0, 0, 1, 0, 0, 0, 0, 0]), Err(RequestError::Scanout(_))));
        let release = Request::Release { scanout: ScanoutId::new(1) };
        assert_eq!(Request::decode(&[2, 1, 0, 0, 0, 9, 9, 9, 9]), Ok(release));
    }
}
