//! Where frames of a WebSocket begin and end (RFC 6455, 5.2). Their content is not looked at.

use bytes::{Buf, Bytes, BytesMut};

/// The longest frame, its head included.
pub const MAX_FRAME: usize = 16 << 20;
/// The longest content of a close, ping or pong.
const MAX_CONTROL: usize = 125;

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// A whole frame, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    head: usize,
}

/// Bytes that are no frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than anything that is carried.
    #[error("a frame has more than {MAX_FRAME} bytes")]
    TooLong,
    /// A close, ping or pong in pieces, or too long for one.
    #[error("a control frame is in pieces, or too long")]
    Control,
    /// An opcode that nobody has given a meaning.
    #[error("a frame has the opcode {0}")]
    Opcode(u8),
    /// Clients mask, servers do not.
    #[error("a frame is masked, or not masked, against its direction")]
    Mask,
}

impl Frame {
    /// A control frame. With a mask, as from a client.
    fn control(opcode: u8, content: &[u8], mask: Option<[u8; 4]>) -> Self {
        let content = &content[..content.len().min(MAX_CONTROL)];
        let length = u8::try_from(content.len()).unwrap_or(0);
        let mut bytes = vec![FIN | opcode, length | mask.map_or(0, |_| MASKED)];
        bytes.extend(mask.iter().flatten());
        let head = bytes.len();
        let key = mask.unwrap_or_default();
        bytes.extend(content.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        Self { bytes: bytes.into(), head }
    }

    /// A close frame with a code and a reason.
    #[must_use]
    pub fn close(code: u16, reason: &str, mask: Option<[u8; 4]>) -> Self {
        let content: Vec<u8> = code.to_be_bytes().into_iter().chain(reason.bytes()).collect();
        Self::control(CLOSE, &content, mask)
    }

    /// A ping with some content.
    #[must_use]
    pub fn ping(content: &[u8], mask: Option<[u8; 4]>) -> Self {
        Self::control(PING, content, mask)
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether it ends the connection.
    #[must_use]
    pub fn is_close(&self) -> bool {
        self.opcode() == CLOSE
    }

    /// The code of a close frame that has one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        let content = self.content();
        (self.is_close() && content.len() >= 2).then(|| u16::from_be_bytes([content[0], content[1]]))
    }

    /// Whether it answers a ping with this content.
    #[must_use]
    pub fn is_pong_to(&self, content: &[u8]) -> bool {
        self.opcode() == PONG && self.bytes.len() - self.head == content.len() && self.content() == content
    }

    fn opcode(&self) -> u8 {
        self.bytes[0] & OPCODE
    }

    fn content(&self) -> Vec<u8> {
        let content = &self.bytes[self.head..];
        if self.bytes[1] & MASKED == 0 {
            return content.to_vec();
        }
        let key = &self.bytes[self.head - 4..self.head];
        content.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
    }
}

/// Puts frames together.
#[derive(Debug)]
pub struct Frames {
    /// Whether this direction masks.
    masked: bool,
    begun: BytesMut,
}

impl Frames {
    /// Of a direction in which frames are masked, or not.
    #[must_use]
    pub fn new(masked: bool) -> Self {
        Self { masked, begun: BytesMut::new() }
    }

    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
    }

    /// Bytes of frames that have not ended.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.begun.len()
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// When what comes is no frame. Nothing after that is.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some((head, content)) = self.head()? else { return Ok(None) };
        let length = head + content;
        if self.begun.len() < length {
            self.begun.reserve(length - self.begun.len());
            return Ok(None);
        }
        Ok(Some(Frame { bytes: self.begun.split_to(length).freeze(), head }))
    }

    /// Lengths of the head and of the content, once the head is there.
    fn head(&self) -> Result<Option<(usize, usize)>, FrameError> {
        let [first, second, ..] = self.begun[..] else { return Ok(None) };
        let opcode = first & OPCODE;
        if !matches!(opcode, 0..=2 | CLOSE..=PONG) {
            return Err(FrameError::Opcode(opcode));
        }
        if (second & MASKED != 0) != self.masked {
            return Err(FrameError::Mask);
        }
        let short = usize::from(second & !MASKED);
        if opcode >= CLOSE && (first & FIN == 0 || short > MAX_CONTROL) {
            return Err(FrameError::Control);
        }
        let mut rest = &self.begun[2..];
        let (extended, content) = match short {
            126 if rest.len() >= 2 => (2, u64::from(rest.get_u16())),
            127 if rest.len() >= 8 => (8, rest.get_u64()),
            126 | 127 => return Ok(None),
            _ => (0, u64::from(second & !MASKED)),
        };
        let head = 2 + extended + if self.masked { 4 } else { 0 };
        let content = usize::try_from(content).unwrap_or(usize::MAX);
        if content > MAX_FRAME - head {
            return Err(FrameError::TooLong);
        }
        Ok(Some((head, content)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, FrameError, Frames, MAX_FRAME};

    fn frames(masked: bool, bytes: &[u8]) -> Result<Vec<Frame>, FrameError> {
        let mut frames = Frames::new(masked);
        frames.push(bytes);
        std::iter::from_fn(|| frames.next_frame().transpose()).collect()
    }

    #[test]
    fn frames_of_every_length_are_whole_wherever_they_are_cut() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000_usize] {
            let mut bytes = match length {
                0..126 => vec![0x82, u8::try_from(length).unwrap()],
                126..65_536 => [&[0x82, 126][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
                _ => [&[0x82, 127][..], &(length as u64).to_be_bytes()].concat(),
            };
            bytes.resize(bytes.len() + length, 7);
            let whole = bytes.len();
            for cut in [0, 1, 2, 3, 5, 9, 10, whole / 2, whole - 1].into_iter().filter(|cut| *cut < whole) {
                let mut frames = Frames::new(false);
                frames.push(&bytes[..cut]);
                assert_eq!(frames.next_frame(), Ok(None), "{cut} of {whole}");
                frames.push(&bytes[cut..]);
                assert_eq!(frames.next_frame().unwrap().unwrap().bytes(), &bytes);
                assert_eq!((frames.next_frame(), frames.begun()), (Ok(None), 0));
            }
        }
    }

    #[test]
    fn a_close_frame_tells_its_code_masked_or_not() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let frame = Frame::close(1012, "the tunnel was cut", mask);
            let read = frames(mask.is_some(), frame.bytes()).unwrap();
            assert_eq!(read, std::slice::from_ref(&frame));
            assert_eq!((frame.is_close(), frame.code()), (true, Some(1012)));
        }
        assert_eq!(frames(false, &[0x88, 0]).unwrap()[0].code(), None);
    }

    #[test]
    fn what_is_no_frame_is_refused_at_its_head() {
        let table: [(&[u8], FrameError); 5] = [
            (&[0x83, 0], FrameError::Opcode(3)),
            (&[0x82, 0x80], FrameError::Mask),
            (&[0x09, 0], FrameError::Control),
            (&[0x89, 126], FrameError::Control),
            (&[0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0], FrameError::TooLong),
        ];
        for (bytes, error) in table {
            assert_eq!(frames(false, bytes), Err(error), "{bytes:x?}");
        }
        let longest = [&[0x82, 127][..], &((MAX_FRAME - 10) as u64).to_be_bytes()].concat();
        assert_eq!(frames(false, &longest), Ok(vec![]));
        assert_eq!(frames(false, &[0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]), Err(FrameError::TooLong));
    }

    #[test]
    fn a_pong_is_known_by_its_content() {
        let mut pong = Frame::ping(b"abc", Some([9, 8, 7, 6])).bytes().to_vec();
        pong[0] = 0x8a;
        let pong = &frames(true, &pong).unwrap()[0];
        assert!(pong.is_pong_to(b"abc") && !pong.is_pong_to(b"abd") && !pong.is_pong_to(b"ab"));
    }
}
