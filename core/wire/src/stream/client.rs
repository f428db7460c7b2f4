//! All binary messages of a client as one type: those of `/ws/stream`, and those of `/ws/input`.

use bytes::{BufMut, Bytes, BytesMut};

use super::fields::Fields;
use super::input::InputTypes;
use super::{ClientControl, Feedback, Input, Ping, StreamWireError, types};

/// What a client sends in binary on `/ws/stream`.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientMessage {
    /// 0x10 to 0x14: what a person does.
    Input(Input),
    /// 0x15 to 0x17: game controllers and microphones, which have no layout yet.
    Reserved(u8),
    /// 0x20: everything that is JSON.
    Control(ClientControl),
    /// 0x40: answer with a pong.
    Ping(Ping),
    /// 0x42: how far the client has come with the video.
    Feedback(Feedback),
}

impl ClientMessage {
    const INPUT: InputTypes = InputTypes {
        keyboard: types::KEYBOARD,
        pointer: types::POINTER,
        move_to: types::MOVE_TO,
        move_by: types::MOVE_BY,
        touch: types::TOUCH,
    };

    /// Whether a message says that the pointer moves, by its first byte: any number of those may come.
    #[must_use]
    pub fn is_move(bytes: &[u8]) -> bool {
        bytes.first().is_some_and(|kind| Self::INPUT.is_move(*kind))
    }

    /// The message's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Self::Input(input) => Self::INPUT.encode(input, &mut out),
            Self::Reserved(kind) => out.put_u8(*kind),
            Self::Control(control) => {
                out.put_u8(types::CONTROL);
                out.put_slice(control.to_json().as_bytes());
            }
            Self::Ping(ping) => ping.encode(&mut out),
            Self::Feedback(feedback) => feedback.encode(&mut out),
        }
        out.freeze()
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When this message is useless; a server drops it and goes on.
    pub fn decode(bytes: &[u8]) -> Result<Self, StreamWireError> {
        let (kind, payload) = bytes.split_first().ok_or(StreamWireError::Empty)?;
        if let Some(input) = Self::INPUT.decode(*kind, payload) {
            return input.map(Self::Input);
        }
        Ok(match *kind {
            types::CONTROLLER_EVENT | types::CONTROLLER_STATE | types::MICROPHONE => Self::Reserved(*kind),
            types::CONTROL => Self::Control(ClientControl::from_json(payload)?),
            types::PING => Self::Ping(Ping::decode(payload)?),
            types::FEEDBACK => Self::Feedback(Feedback::decode(payload)?),
            other => return Err(StreamWireError::UnknownType(other)),
        })
    }
}

/// What the lengths of a scroll are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrollUnit {
    /// Pixels.
    Pixel,
    /// Lines of text.
    Line,
    /// Pages.
    Page,
}

impl ScrollUnit {
    const fn code(self) -> u8 {
        match self {
            Self::Pixel => 0,
            Self::Line => 1,
            Self::Page => 2,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Pixel),
            1 => Some(Self::Line),
            2 => Some(Self::Page),
            _ => None,
        }
    }
}

/// A turn of the wheels as a browser reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageScroll {
    /// What `dx` and `dy` are measured in.
    pub unit: ScrollUnit,
    /// Whether fingers on a touchpad turn them.
    pub trackpad: bool,
    /// To the right.
    pub dx: f32,
    /// Down.
    pub dy: f32,
}

impl PageScroll {
    const TRACKPAD: u8 = 1;

    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::input::SCROLL);
        out.put_u8(self.unit.code());
        out.put_u8(u8::from(self.trackpad) * Self::TRACKPAD);
        out.put_f32_le(self.dx);
        out.put_f32_le(self.dy);
    }

    fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a scroll", payload);
        let unit = ScrollUnit::from_code(fields.u8()?).ok_or(fields.impossible("delta mode"))?;
        let trackpad = fields.u8()? & Self::TRACKPAD != 0;
        Ok(Self { unit, trackpad, dx: fields.f32_le("length")?, dy: fields.f32_le("length")? })
    }
}

/// What a client sends in binary on `/ws/input`.
#[derive(Debug, Clone, PartialEq)]
pub enum InputMessage {
    /// 0x01 to 0x04, 0x06: what `/ws/stream` carries too.
    Input(Input),
    /// 0x05: the wheels turn.
    Scroll(PageScroll),
}

impl InputMessage {
    const INPUT: InputTypes = InputTypes {
        keyboard: types::input::KEYBOARD,
        pointer: types::input::BUTTON,
        move_to: types::input::MOVE_TO,
        move_by: types::input::MOVE_BY,
        touch: types::input::TOUCH,
    };

    /// Whether a message says that the pointer moves, by its first byte: any number of those may come.
    #[must_use]
    pub fn is_move(bytes: &[u8]) -> bool {
        bytes.first().is_some_and(|kind| Self::INPUT.is_move(*kind))
    }

    /// The message's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Self::Input(input) => Self::INPUT.encode(input, &mut out),
            Self::Scroll(scroll) => scroll.encode(&mut out),
        }
        out.freeze()
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When this message is useless; a server drops it and goes on.
    pub fn decode(bytes: &[u8]) -> Result<Self, StreamWireError> {
        let (kind, payload) = bytes.split_first().ok_or(StreamWireError::Empty)?;
        match (Self::INPUT.decode(*kind, payload), *kind) {
            (Some(input), _) => input.map(Self::Input),
            (None, types::input::SCROLL) => PageScroll::decode(payload).map(Self::Scroll),
            (None, other) => Err(StreamWireError::UnknownType(other)),
        }
    }
}
