//! The control channel's lines: one JSON object each, however the bytes are cut.

use serde::{Deserialize, Serialize};

/// The longest line, its end included.
pub const MAX_LINE: usize = 4096;
/// The longest reason that is passed on.
const MAX_REASON: usize = 512;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Still there.
    KeepAlive,
    /// Somebody waits for a data channel at this path.
    ConnReady(String),
    /// The data channel could not be opened.
    PickupFailed {
        /// The path of the conn-ready.
        path: String,
        /// Why, for people.
        why: String,
    },
    /// Something newer than this program.
    Other,
}

/// Bytes that are no lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No end in sight.
    #[error("a line has more than {MAX_LINE} bytes")]
    TooLong,
    /// Not an object with a command.
    #[error("a line is no JSON object with a command")]
    Malformed,
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    command: std::borrow::Cow<'a, str>,
    #[serde(borrow, rename = "connPath", default, skip_serializing_if = "Option::is_none")]
    path: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    err: Option<std::borrow::Cow<'a, str>>,
}

impl Message {
    /// Its line.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (command, path, err) = match self {
            Self::KeepAlive | Self::Other => ("keep-alive", None, None),
            Self::ConnReady(path) => ("conn-ready", Some(path.as_str()), None),
            Self::PickupFailed { path, why } => ("pickup-failed", Some(path.as_str()), Some(short(why))),
        };
        let wire = Wire { command: command.into(), path: path.map(Into::into), err: err.map(Into::into) };
        let mut line = serde_json::to_vec(&wire).unwrap_or_default();
        line.push(b'\n');
        line
    }

    fn decode(line: &[u8]) -> Result<Self, LineError> {
        let wire: Wire<'_> = serde_json::from_slice(line).map_err(|_| LineError::Malformed)?;
        let path = || wire.path.as_deref().map(str::to_owned).ok_or(LineError::Malformed);
        match &*wire.command {
            "keep-alive" => Ok(Self::KeepAlive),
            "conn-ready" => path().map(Self::ConnReady),
            "pickup-failed" => {
                let why = short(wire.err.as_deref().unwrap_or("no reason given")).to_owned();
                Ok(Self::PickupFailed { path: path()?, why })
            }
            _ => Ok(Self::Other),
        }
    }
}

/// Cut at a whole character.
fn short(text: &str) -> &str {
    let end = (0..=MAX_REASON.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// Puts lines together.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes in, and hands every line to `line` that they end.
    ///
    /// # Errors
    /// When a line is too long or makes no sense. The channel is to be closed then.
    pub fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(Message)) -> Result<(), LineError> {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.extend(&bytes[..=end])?;
            bytes = &bytes[end + 1..];
            let whole = std::mem::take(&mut self.begun);
            let text = whole.trim_ascii();
            if !text.is_empty() {
                line(Message::decode(text)?);
            }
        }
        self.extend(bytes)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        if self.begun.len() + bytes.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LineError, Lines, MAX_LINE, Message};

    fn read(chunks: &[&[u8]]) -> Result<Vec<Message>, LineError> {
        let (mut lines, mut messages) = (Lines::default(), Vec::new());
        chunks.iter().try_for_each(|chunk| lines.push(chunk, |message| messages.push(message)))?;
        Ok(messages)
    }

    fn some() -> Vec<Message> {
        let failed = Message::PickupFailed { path: "/revdial?x".to_owned(), why: "no \"route\"\n".to_owned() };
        vec![Message::KeepAlive, Message::ConnReady("/revdial?a=b".to_owned()), failed, Message::KeepAlive]
    }

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let bytes: Vec<u8> = some().iter().flat_map(Message::encode).collect();
        for cut in 0..=bytes.len() {
            assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), Ok(some()), "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), Ok(some()));
    }

    #[test]
    fn a_command_of_the_future_is_passed_over() {
        let line = b"{\"command\":\"sing\",\"loud\":true}\r\n\n{\"command\":\"keep-alive\",\"x\":{}}\n";
        assert_eq!(read(&[line]), Ok(vec![Message::Other, Message::KeepAlive]));
    }

    #[test]
    fn lines_have_4096_bytes_at_most() {
        let padded = |length: usize| {
            let mut line = b"{\"command\":\"keep-alive\"}".to_vec();
            line.resize(length - 1, b' ');
            line.push(b'\n');
            line
        };
        assert_eq!(read(&[&padded(MAX_LINE)]), Ok(vec![Message::KeepAlive]));
        assert_eq!(read(&[&padded(MAX_LINE + 1)]), Err(LineError::TooLong));
        assert_eq!(read(&[&[b'x'; MAX_LINE], b"x"]), Err(LineError::TooLong));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for line in [&b"{}\n"[..], b"[1]\n", b"keep-alive\n", b"{\"command\":\"conn-ready\"}\n", b"\xff\n"] {
            assert_eq!(read(&[line]), Err(LineError::Malformed), "{}", String::from_utf8_lossy(line));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_lines_or_refused(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40)) {
            let mut lines = Lines::default();
            for chunk in &chunks {
                let taken = lines.push(chunk, |_| {});
                prop_assert!(lines.begun.len() <= MAX_LINE);
                if taken.is_err() {
                    break;
                }
            }
        }

        #[test]
        fn a_reason_of_any_length_fits_a_line(why in "\\PC{0,2000}") {
            let path = ConnPathText;
            let line = Message::PickupFailed { path: path.text(), why }.encode();
            prop_assert!(line.len() <= MAX_LINE);
        }
    }

    struct ConnPathText;

    impl ConnPathText {
        fn text(&self) -> String {
            format!("/revdial?revdial.dialer={0}&revdial.req={0}", "a".repeat(32))
        }
    }
}
