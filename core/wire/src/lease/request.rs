//! What a client asks for.

use std::num::NonZeroU32;

use lunette_frame::{ScanoutId, ScanoutIdError, Size};

const LEASE: u8 = 1;
const RELEASE: u8 = 2;
const LEASE_WITH_OPTIONS: u8 = 3;

/// A request; 9 bytes, or 13 with options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Lease any free output. [`None`] is 0 on the wire and means [`Request::DEFAULT_SIZE`]'s side.
    Lease {
        /// Pixels per row.
        width: Option<NonZeroU32>,
        /// Rows.
        height: Option<NonZeroU32>,
        /// With [`Some`] the client understands a [`LongReply`](super::LongReply), and gets one.
        options: Option<LeaseOptions>,
    },
    /// Give the lease of this output back. Has no reply, and counts only on the connection that holds the lease.
    Release {
        /// The output.
        scanout: ScanoutId,
    },
}

/// How a lease is prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeaseOptions {
    /// Show a black picture first, for compositors that cannot light a cold CRTC.
    pub light_crtc: bool,
}

impl LeaseOptions {
    const LIGHT_CRTC: u32 = 1;

    const fn bits(self) -> u32 {
        if self.light_crtc { Self::LIGHT_CRTC } else { 0 }
    }

    const fn from_bits(bits: u32) -> Result<Self, RequestError> {
        match bits & !Self::LIGHT_CRTC {
            0 => Ok(Self { light_crtc: bits & Self::LIGHT_CRTC != 0 }),
            _ => Err(RequestError::UnknownOptions(bits)),
        }
    }
}

/// A request that no reply but an error can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No command of the protocol. The reply's text is fixed: clients know it.
    #[error("unknown command")]
    UnknownCommand(u8),
    /// An option that the protocol does not name.
    #[error("unknown options {0:#x}")]
    UnknownOptions(u32),
    /// A release of an output that cannot exist.
    #[error("the scanout to release is not possible")]
    Scanout(#[from] ScanoutIdError),
    /// More or fewer bytes than the command has.
    #[error("a request of {found} bytes, not {needed}")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes of this command.
        needed: usize,
    },
}

impl Request {
    /// Bytes of a request without options: no request is shorter.
    pub const LEN: usize = 9;

    /// Bytes of a request with options: no request is longer.
    pub const LEN_WITH_OPTIONS: usize = 13;

    /// What a lease has whose request leaves the size open.
    pub const DEFAULT_SIZE: Size = Size::new(1920, 1080);

    /// Bytes of a request that starts with this byte.
    #[must_use]
    pub const fn len_of(command: u8) -> usize {
        if command == LEASE_WITH_OPTIONS { Self::LEN_WITH_OPTIONS } else { Self::LEN }
    }

    /// A request for a lease of this size.
    #[must_use]
    pub fn lease(size: Size) -> Self {
        Self::Lease { width: NonZeroU32::new(size.width), height: NonZeroU32::new(size.height), options: None }
    }

    /// A request for a lease of this size, prepared so, and its token.
    #[must_use]
    pub fn lease_with(size: Size, options: LeaseOptions) -> Self {
        let (width, height) = (NonZeroU32::new(size.width), NonZeroU32::new(size.height));
        Self::Lease { width, height, options: Some(options) }
    }

    /// The size of a lease, open sides taken from [`Request::DEFAULT_SIZE`]; [`None`] for a release.
    #[must_use]
    pub fn size(&self) -> Option<Size> {
        let Self::Lease { width, height, .. } = self else { return None };
        let side = |asked: Option<NonZeroU32>, default| asked.map_or(default, NonZeroU32::get);
        Some(Size::new(side(*width, Self::DEFAULT_SIZE.width), side(*height, Self::DEFAULT_SIZE.height)))
    }

    /// The request's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (command, first, second, options) = match *self {
            Self::Lease { width, height, options } => {
                let command = if options.is_some() { LEASE_WITH_OPTIONS } else { LEASE };
                (command, width.map_or(0, NonZeroU32::get), height.map_or(0, NonZeroU32::get), options)
            }
            Self::Release { scanout } => (RELEASE, scanout.into(), 0, None),
        };
        let mut bytes = Vec::with_capacity(Self::LEN_WITH_OPTIONS);
        bytes.push(command);
        bytes.extend(first.to_le_bytes());
        bytes.extend(second.to_le_bytes());
        bytes.extend(options.into_iter().flat_map(|options| options.bits().to_le_bytes()));
        bytes
    }

    /// Reads a request of [`Request::len_of`] its first byte.
    ///
    /// # Errors
    /// When the command is unknown, has another length, or names an impossible output or an unknown option.
    pub fn decode(bytes: &[u8]) -> Result<Self, RequestError> {
        let needed = bytes.first().map_or(Self::LEN, |command| Self::len_of(*command));
        let wrong = RequestError::Length { found: bytes.len(), needed };
        let (fixed, rest) = bytes.split_first_chunk().filter(|_| bytes.len() == needed).ok_or(wrong)?;
        let [command, a, b, c, d, e, f, g, h]: [u8; Self::LEN] = *fixed;
        let (first, second) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let (width, height) = (NonZeroU32::new(first), NonZeroU32::new(second));
        match command {
            LEASE => Ok(Self::Lease { width, height, options: None }),
            LEASE_WITH_OPTIONS => {
                let bits = rest.first_chunk().map(|bits| u32::from_le_bytes(*bits)).ok_or(wrong)?;
                Ok(Self::Lease { width, height, options: Some(LeaseOptions::from_bits(bits)?) })
            }
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
        let half = Request::Lease { width: NonZeroU32::new(800), height: None, options: None };
        assert_eq!(half.size(), Some(Size::new(800, 1080)));
        assert_eq!(Request::decode(&[1, 0, 0, 0, 0, 0, 0, 0, 0]).expect("known").size(), Some(Request::DEFAULT_SIZE));
        assert_eq!(Request::lease(Size::new(0, 0)), Request::Lease { width: None, height: None, options: None });
    }

    #[test]
    fn unknown_commands_are_named() {
        assert_eq!(Request::decode(&[4, 0, 0, 0, 0, 0, 0, 0, 0]), Err(RequestError::UnknownCommand(4)));
        assert_eq!(RequestError::UnknownCommand(4).to_string(), "unknown command");
    }

    #[test]
    fn options_without_a_meaning_are_refused() {
        let mut bytes = Request::lease_with(Size::new(800, 600), LeaseOptions { light_crtc: true }).encode();
        assert_eq!((bytes.len(), bytes[9]), (Request::len_of(bytes[0]), 1));
        bytes[12] = 0x80;
        assert_eq!(Request::decode(&bytes), Err(RequestError::UnknownOptions(0x8000_0001)));
    }

    #[test]
    fn every_command_has_one_length() {
        for (command, found, needed) in [(1, 13, 9), (2, 13, 9), (3, 9, 13), (3, 14, 13), (4, 8, 9)] {
            let mut bytes = vec![0; found];
            bytes[0] = command;
            assert_eq!(Request::decode(&bytes), Err(RequestError::Length { found, needed }), "command {command}");
        }
        assert_eq!(Request::decode(&[]), Err(RequestError::Length { found: 0, needed: 9 }));
    }

    #[test]
    fn impossible_scanouts_are_refused_and_the_last_field_of_a_release_is_ignored() {
        assert!(matches!(Request::decode(&[2, 0, 0, 1, 0, 0, 0, 0, 0]), Err(RequestError::Scanout(_))));
        let release = Request::Release { scanout: ScanoutId::new(1) };
        assert_eq!(Request::decode(&[2, 1, 0, 0, 0, 9, 9, 9, 9]), Ok(release));
    }
}
