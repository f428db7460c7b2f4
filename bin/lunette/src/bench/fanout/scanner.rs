//! Counts the pictures in a stream without looking at them.

use lunette_wire::hxfr::{FrameError, Header, MessageKind};

/// Where in the message stream a subscriber is. Payloads are passed over: a server's cost is measured, so a
/// subscriber should cost as little as it can.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    head: [u8; Header::LEN],
    /// Bytes of `head` that are there.
    filled: usize,
    /// Payload bytes of the current message that are still to come.
    left: usize,
    is_frame: bool,
}

/// Why a stream is over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("the server sent what is no message")]
    Stream(#[from] FrameError),
    #[error("the server sent an error")]
    Refused,
}

impl Scanner {
    /// Takes the next bytes; returns how many pictures they completed.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<u64, Broken> {
        let mut frames = 0;
        while !bytes.is_empty() {
            if self.filled < Header::LEN {
                let part = bytes.len().min(Header::LEN - self.filled);
                self.head[self.filled..self.filled + part].copy_from_slice(&bytes[..part]);
                self.filled += part;
                bytes = &bytes[part..];
                if self.filled < Header::LEN {
                    break;
                }
                self.start()?;
            }
            let part = bytes.len().min(self.left);
            self.left -= part;
            bytes = &bytes[part..];
            if self.left == 0 {
                self.filled = 0;
                frames += u64::from(std::mem::take(&mut self.is_frame));
            }
        }
        Ok(frames)
    }

    fn start(&mut self) -> Result<(), Broken> {
        let header = Header::decode(&self.head)?;
        if header.kind() == Some(MessageKind::Error) {
            return Err(Broken::Refused);
        }
        self.is_frame = header.kind() == Some(MessageKind::FrameResponse);
        self.left = header.payload_size as usize;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lunette_wire::hxfr::SessionId;
    use proptest::prelude::*;

    use super::*;

    fn message(kind: MessageKind, payload: usize) -> Vec<u8> {
        let payload_size = u32::try_from(payload).unwrap();
        let header = Header { msg_type: kind.code(), flags: 0, session: SessionId::NONE, payload_size };
        [header.encode().as_slice(), &vec![0x48; payload]].concat()
    }

    proptest! {
        #[test]
        fn pictures_are_counted_whatever_the_reads(
            sizes in prop::collection::vec(0..5000_usize, 0..20), step in 1..3000_usize
        ) {
            let mut stream = message(MessageKind::SubscribeResponse, 8);
            for size in &sizes {
                stream.extend(message(MessageKind::FrameResponse, 24 + size));
                stream.extend(message(MessageKind::Pong, 0));
            }
            let mut scanner = Scanner::default();
            let frames: u64 = stream.chunks(step).map(|chunk| scanner.take(chunk).unwrap()).sum();
            prop_assert_eq!(frames, sizes.len() as u64);
        }
    }

    #[test]
    fn an_error_and_garbage_end_the_stream() {
        assert_eq!(Scanner::default().take(&message(MessageKind::Error, 260)), Err(Broken::Refused));
        assert!(matches!(Scanner::default().take(b"GET / HTTP/1.1\r\n"), Err(Broken::Stream(_))));
    }
}
