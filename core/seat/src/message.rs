//! Messages of seatd's protocol: what a compositor asks, what it is told.
//!
//! Each has a header of two u16, opcode and size of the rest. Numbers are in the machine's byte order, as both ends are
//! on one machine.

use crate::{Errno, SeatName};

/// Longest path in a request, in bytes, with its NUL.
pub const MAX_PATH: usize = 256;
/// Longest rest of a request: a path behind its length.
pub const MAX_BODY: usize = 2 + MAX_PATH;
/// What a server says has this bit.
const SERVER: u16 = 1 << 15;

/// What a device is called on one connection, until it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub i32);

/// What a compositor asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Wants the seat.
    OpenSeat,
    /// Gives the seat back.
    CloseSeat,
    /// Wants the device with this path, which may be any bytes.
    OpenDevice(Vec<u8>),
    /// Gives a device back.
    CloseDevice(DeviceId),
    /// Has stopped using the seat, as it was told to.
    DisableSeat,
    /// Wants another session to be shown.
    SwitchSession(i32),
    /// Wants an answer.
    Ping,
}

/// What a compositor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It has the seat.
    SeatOpened(SeatName),
    /// The seat is given back.
    SeatClosed,
    /// It has the device, whose descriptor comes with this message.
    DeviceOpened(DeviceId),
    /// The device is given back.
    DeviceClosed,
    /// It must stop using the seat; not an answer.
    DisableSeat,
    /// It may use the seat; not an answer.
    EnableSeat,
    /// The answer to a ping.
    Pong,
    /// The server knows that the seat is not used any more.
    SeatDisabled,
    /// What it asked is refused.
    Error(Errno),
}

/// Bytes that are no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No request has this opcode.
    #[error("unknown opcode {0}")]
    Opcode(u16),
    /// The rest of the message has the wrong size.
    #[error("opcode {opcode} with {size} bytes")]
    Size {
        /// The opcode.
        opcode: u16,
        /// The size.
        size: usize,
    },
    /// The path does not end where the message ends, in a NUL.
    #[error("a path without an end")]
    Path,
}

impl Request {
    /// The request with this opcode and rest.
    ///
    /// # Errors
    /// When there is none.
    pub fn decode(opcode: u16, body: &[u8]) -> Result<Self, DecodeError> {
        let size = DecodeError::Size { opcode, size: body.len() };
        let empty = |request| if body.is_empty() { Ok(request) } else { Err(size) };
        let number = || body.try_into().map(i32::from_ne_bytes).map_err(|_| size);
        match opcode {
            1 => empty(Self::OpenSeat),
            2 => empty(Self::CloseSeat),
            3 => path(body).map(|path| Self::OpenDevice(path.to_vec())),
            4 => number().map(|id| Self::CloseDevice(DeviceId(id))),
            5 => empty(Self::DisableSeat),
            6 => number().map(Self::SwitchSession),
            7 => empty(Self::Ping),
            _ => Err(DecodeError::Opcode(opcode)),
        }
    }

    /// The whole message. A path that is too long for one is cut.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::OpenSeat => message(1, &[]),
            Self::CloseSeat => message(2, &[]),
            Self::OpenDevice(path) => message(3, &counted(&path[..path.len().min(MAX_PATH - 1)])),
            Self::CloseDevice(DeviceId(id)) => message(4, &id.to_ne_bytes()),
            Self::DisableSeat => message(5, &[]),
            Self::SwitchSession(session) => message(6, &session.to_ne_bytes()),
            Self::Ping => message(7, &[]),
        }
    }
}

impl Reply {
    /// The whole message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::SeatOpened(name) => message(SERVER + 1, &counted(name.as_str().as_bytes())),
            Self::SeatClosed => message(SERVER + 2, &[]),
            Self::DeviceOpened(DeviceId(id)) => message(SERVER + 3, &id.to_ne_bytes()),
            Self::DeviceClosed => message(SERVER + 4, &[]),
            Self::DisableSeat => message(SERVER + 5, &[]),
            Self::EnableSeat => message(SERVER + 6, &[]),
            Self::Pong => message(SERVER + 7, &[]),
            Self::SeatDisabled => message(SERVER + 9, &[]),
            Self::Error(errno) => message(u16::MAX, &errno.get().to_ne_bytes()),
        }
    }
}

fn message(opcode: u16, body: &[u8]) -> Vec<u8> {
    let size = u16::try_from(body.len()).expect("every body is shorter than 512 bytes");
    [&opcode.to_ne_bytes()[..], &size.to_ne_bytes(), body].concat()
}

/// A text behind its length, with the NUL that ends it.
fn counted(text: &[u8]) -> Vec<u8> {
    let len = u16::try_from(text.len() + 1).expect("paths and seats' names are shorter than 512 bytes");
    [&len.to_ne_bytes()[..], text, &[0]].concat()
}

fn path(body: &[u8]) -> Result<&[u8], DecodeError> {
    let (len, rest) = body.split_first_chunk().ok_or(DecodeError::Path)?;
    let whole = usize::from(u16::from_ne_bytes(*len)) == rest.len() && rest.len() <= MAX_PATH;
    match rest.split_last() {
        Some((0, path)) if whole => Ok(path),
        _ => Err(DecodeError::Path),
    }
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::{DecodeError, DeviceId, Reply, Request};
    use crate::{Errno, SeatName};

    #[test]
    fn replies_have_the_layout_of_seatd() {
        assert_eq!(Reply::SeatOpened(SeatName::default()).encode(), b"\x01\x80\x08\0\x06\0seat0\0");
        assert_eq!(Reply::DeviceOpened(DeviceId(2)).encode(), b"\x03\x80\x04\0\x02\0\0\0");
        assert_eq!(Reply::EnableSeat.encode(), b"\x06\x80\0\0");
        assert_eq!(Reply::SeatDisabled.encode(), b"\x09\x80\0\0");
        assert_eq!(Reply::Error(Errno::EACCES).encode(), b"\xff\xff\x04\0\x0d\0\0\0");
    }

    #[test]
    fn a_path_ends_where_the_message_ends() {
        let open = |body: &[u8]| Request::decode(3, body);
        assert_eq!(open(b"\x03\0/a\0"), Ok(Request::OpenDevice(b"/a".to_vec())));
        // Whoever looks at the path decides about a NUL inside it.
        assert_eq!(open(b"\x03\0\0a\0"), Ok(Request::OpenDevice(b"\0a".to_vec())));
        for bad in [&b""[..], b"\x01", b"\0\0", b"\x02\0/a", b"\x03\0/ab", b"\x04\0/a\0", b"\x02\0/a\0"] {
            assert_eq!(open(bad), Err(DecodeError::Path), "{bad:?}");
        }
        let long = [&257_u16.to_ne_bytes()[..], &[b'a'; 256], &[0]].concat();
        assert_eq!(open(&long), Err(DecodeError::Path));
    }

    #[test]
    fn wrong_sizes_and_opcodes_are_refused() {
        assert_eq!(Request::decode(1, b"x"), Err(DecodeError::Size { opcode: 1, size: 1 }));
        assert_eq!(Request::decode(4, b"abc"), Err(DecodeError::Size { opcode: 4, size: 3 }));
        assert_eq!(Request::decode(8, b""), Err(DecodeError::Opcode(8)));
        assert_eq!(Request::decode(0x8001, b""), Err(DecodeError::Opcode(0x8001)));
    }
}
