//! What the manager answers.

use bytes::BufMut;
use lunette_frame::{ScanoutId, ScanoutIdError};

use crate::text;

const OK: u8 = 0;
const ERROR: u8 = 1;

/// The answer to a request for a lease; 69 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The lease; its fd travels with these bytes, in the same `sendmsg`.
    Granted {
        /// The output.
        scanout: ScanoutId,
        /// The connector's name, such as `Virtual-2`.
        connector: String,
    },
    /// No lease, and no fd.
    Refused {
        /// Why, for people. Cut to 64 bytes when sent.
        reason: String,
    },
}

/// Bytes that are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Neither granted nor refused.
    #[error("unknown status {0}")]
    UnknownStatus(u8),
    /// A lease of an output that cannot exist.
    #[error("the leased scanout is not possible")]
    Scanout(#[from] ScanoutIdError),
}

impl Reply {
    /// Bytes of a reply.
    pub const LEN: usize = 69;

    const TEXT: usize = 64;

    /// Whether exactly one fd travels with the bytes.
    #[must_use]
    pub const fn carries_fd(&self) -> bool {
        matches!(self, Self::Granted { .. })
    }

    /// The reply's bytes, all of which go out in one `sendmsg`.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let (status, scanout, text) = match self {
            Self::Granted { scanout, connector } => (OK, u32::from(*scanout), connector),
            Self::Refused { reason } => (ERROR, 0, reason),
        };
        let mut bytes = [0; Self::LEN];
        let mut out = &mut bytes[..];
        out.put_u8(status);
        out.put_u32_le(scanout);
        text::put(&mut out, text, Self::TEXT, Self::TEXT);
        bytes
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// When the status is unknown, or a lease names an impossible output.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, ReplyError> {
        let [status, a, b, c, d, field @ ..] = bytes;
        let text = text::get(field);
        match *status {
            OK => {
                let scanout = ScanoutId::try_from(u32::from_le_bytes([*a, *b, *c, *d]))?;
                Ok(Self::Granted { scanout, connector: text })
            }
            ERROR => Ok(Self::Refused { reason: text }),
            other => Err(ReplyError::UnknownStatus(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reasons_fill_the_field_and_end_at_a_whole_character() {
        let sent = |reason: String| Reply::decode(&Reply::Refused { reason }.encode());
        assert_eq!(sent("x".repeat(80)), Ok(Reply::Refused { reason: "x".repeat(64) }));
        assert_eq!(sent("€".repeat(30)), Ok(Reply::Refused { reason: "€".repeat(21) }));
    }

    #[test]
    fn the_scanout_of_a_refusal_is_ignored() {
        let mut bytes = Reply::Refused { reason: "no".into() }.encode();
        bytes[1..5].fill(0xff);
        assert_eq!(Reply::decode(&bytes), Ok(Reply::Refused { reason: "no".into() }));
    }

    #[test]
    fn replies_that_lie_are_refused() {
        let mut bytes = [0; Reply::LEN];
        bytes[3] = 1;
        assert_eq!(Reply::decode(&bytes), Err(ReplyError::Scanout(ScanoutIdError(65_536))));
        bytes[0] = 2;
        assert_eq!(Reply::decode(&bytes), Err(ReplyError::UnknownStatus(2)));
    }
}
