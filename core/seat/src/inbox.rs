//! A stream of bytes, cut into requests.

use crate::message::{DecodeError, MAX_BODY, Request};

const HEADER: usize = 4;

/// Bytes that have come and are not a request yet. Drained before more is pushed, it holds less than one request.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    used: usize,
}

impl Inbox {
    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next request, once it is whole.
    ///
    /// # Errors
    /// When the bytes are none; nothing after them can be understood.
    pub fn next_request(&mut self) -> Result<Option<Request>, DecodeError> {
        let Some((header, rest)) = self.bytes[self.used..].split_first_chunk::<HEADER>() else { return Ok(None) };
        let opcode = u16::from_ne_bytes([header[0], header[1]]);
        let size = usize::from(u16::from_ne_bytes([header[2], header[3]]));
        if size > MAX_BODY {
            return Err(DecodeError::Size { opcode, size });
        }
        let Some(body) = rest.get(..size) else { return Ok(None) };
        let request = Request::decode(opcode, body)?;
        self.used += HEADER + size;
        Ok(Some(request))
    }
}
