//! What a capture tells its lifeline: a byte that says what, and an id in little endian.

/// Tells one held socket from the others, for as long as the capture lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HeldId(pub(super) u64);

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// Comes with a descriptor.
    Hold(HeldId),
    Forget(HeldId),
    /// The capture answers.
    Beat,
}

impl Message {
    /// Bytes of a message.
    pub(super) const LEN: usize = 9;

    pub(super) fn encode(self) -> [u8; Self::LEN] {
        let (kind, HeldId(id)) = match self {
            Self::Hold(id) => (1, id),
            Self::Forget(id) => (2, id),
            Self::Beat => (3, HeldId(0)),
        };
        let mut bytes = [kind; Self::LEN];
        bytes[1..].copy_from_slice(&id.to_le_bytes());
        bytes
    }

    /// `None` for what is no message.
    pub(super) fn decode(bytes: [u8; Self::LEN]) -> Option<Self> {
        let [kind, id @ ..] = bytes;
        let id = HeldId(u64::from_le_bytes(id));
        match (kind, id) {
            (1, id) => Some(Self::Hold(id)),
            (2, id) => Some(Self::Forget(id)),
            (3, HeldId(0)) => Some(Self::Beat),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_can_be_decoded_is_encoded_as_it_was(kind in 0..5_u8, id: u64) {
            let mut bytes = [kind; Message::LEN];
            bytes[1..].copy_from_slice(&id.to_le_bytes());
            let message = Message::decode(bytes);
            prop_assert_eq!(message.is_some(), kind == 1 || kind == 2 || (kind == 3 && id == 0));
            if let Some(message) = message {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
