//! A message's fields, one after the other.

use super::StreamWireError;

/// What is left of a message. Bytes behind the last field are ignored: a later version may have put them there.
pub(super) struct Fields<'a> {
    message: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    pub(super) const fn of(message: &'static str, rest: &'a [u8]) -> Self {
        Self { message, rest }
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], StreamWireError> {
        let truncated = StreamWireError::Truncated { message: self.message };
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Everything that is left.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Bytes that are left.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StreamWireError> {
        let (taken, rest) =
            self.rest.split_first_chunk().ok_or(StreamWireError::Truncated { message: self.message })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, StreamWireError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn i8(&mut self) -> Result<i8, StreamWireError> {
        self.array().map(i8::from_be_bytes)
    }

    /// Whatever is not 0 is a yes.
    pub(super) fn bool(&mut self) -> Result<bool, StreamWireError> {
        self.u8().map(|byte| byte != 0)
    }

    pub(super) fn u16(&mut self) -> Result<u16, StreamWireError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, StreamWireError> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, StreamWireError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, StreamWireError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn u16_le(&mut self) -> Result<u16, StreamWireError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32_le(&mut self) -> Result<u32, StreamWireError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i32_le(&mut self) -> Result<i32, StreamWireError> {
        self.array().map(i32::from_le_bytes)
    }

    /// A number that is one: neither infinite nor none at all.
    pub(super) fn f32_le(&mut self, field: &'static str) -> Result<f32, StreamWireError> {
        let value = self.array().map(f32::from_le_bytes)?;
        if value.is_finite() { Ok(value) } else { Err(self.impossible(field)) }
    }

    /// Text behind a byte that says how long it is.
    pub(super) fn short_text(&mut self, field: &'static str) -> Result<String, StreamWireError> {
        let length = self.u8()?;
        self.text(length.into(), field)
    }

    /// The next `count` bytes as text.
    pub(super) fn text(&mut self, count: usize, field: &'static str) -> Result<String, StreamWireError> {
        let bytes = self.take(count)?;
        let text = str::from_utf8(bytes).map_err(|_| self.impossible(field))?;
        Ok(text.to_owned())
    }

    /// The refusal of the message for what a field holds.
    pub(super) const fn impossible(&self, field: &'static str) -> StreamWireError {
        StreamWireError::Value { message: self.message, field }
    }

    /// The refusal of the message for a kind that nobody knows.
    pub(super) const fn unknown(&self, kind: u8) -> StreamWireError {
        StreamWireError::UnknownKind { message: self.message, kind }
    }
}
