//! 0x54, 0x56 and 0x58: who else is here. Little-endian, unlike most of the stream.

use bytes::{BufMut, BytesMut};
use lunette_input_events::{ParticipantId, TouchPhase};

use super::colour::Colour;
use super::fields::Fields;
use super::{StreamWireError, put_short_text, types};

/// Somebody comes or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteUser {
    /// Somebody is here; everybody is told about oneself too.
    Joined {
        /// The number of the connection.
        user: ParticipantId,
        /// For people. Cut to 255 bytes when sent.
        name: String,
        /// What tells the pointer apart.
        colour: Colour,
        /// Where a picture of the person is; empty for none, and for an address that does not fit the message.
        avatar_url: String,
    },
    /// Somebody is gone.
    Left {
        /// The number of the connection.
        user: ParticipantId,
    },
}

impl RemoteUser {
    const LEFT: u8 = 0;
    const JOINED: u8 = 1;

    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::REMOTE_USER);
        match self {
            Self::Left { user } => {
                out.put_u8(Self::LEFT);
                out.put_u32_le(user.0);
            }
            Self::Joined { user, name, colour, avatar_url } => {
                out.put_u8(Self::JOINED);
                out.put_u32_le(user.0);
                put_short_text(out, name);
                colour.put(out);
                // Half an address leads nowhere.
                let (length, address) = u16::try_from(avatar_url.len()).map_or((0, ""), |length| (length, avatar_url));
                out.put_u16_le(length);
                out.put_slice(address.as_bytes());
            }
        }
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a remote user", payload);
        let action = fields.u8()?;
        let user = ParticipantId(fields.u32_le()?);
        match action {
            Self::LEFT => Ok(Self::Left { user }),
            Self::JOINED => {
                let (name, colour) = (fields.short_text("name")?, Colour::take(&mut fields)?);
                let length = fields.u16_le()?;
                Ok(Self::Joined { user, name, colour, avatar_url: fields.text(length.into(), "avatar address")? })
            }
            other => Err(fields.unknown(other)),
        }
    }
}

/// What somebody else's finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteTouch {
    /// Whose.
    pub user: ParticipantId,
    /// Which finger.
    pub touch: u32,
    /// What it does.
    pub phase: TouchPhase,
    /// Pixels from the left of the picture.
    pub x: i32,
    /// Pixels from the top.
    pub y: i32,
    /// From 0 to 65535.
    pub pressure: u16,
    /// What tells it apart.
    pub colour: Colour,
}

impl RemoteTouch {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::REMOTE_TOUCH);
        out.put_u32_le(self.user.0);
        out.put_u32_le(self.touch);
        out.put_u8(phase_code(self.phase));
        out.put_i32_le(self.x);
        out.put_i32_le(self.y);
        out.put_u32_le(self.pressure.into());
        self.colour.put(out);
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a remote touch", payload);
        let (user, touch) = (ParticipantId(fields.u32_le()?), fields.u32_le()?);
        let phase = phase(fields.u8()?).ok_or(fields.impossible("event"))?;
        let (x, y) = (fields.i32_le()?, fields.i32_le()?);
        let pressure = u16::try_from(fields.u32_le()?).unwrap_or(u16::MAX);
        Ok(Self { user, touch, phase, x, y, pressure, colour: Colour::take(&mut fields)? })
    }
}

/// The wire's number for what a finger does, in both directions.
pub(super) const fn phase_code(phase: TouchPhase) -> u8 {
    match phase {
        TouchPhase::Down => 0,
        TouchPhase::Move => 1,
        TouchPhase::Up => 2,
        TouchPhase::Cancel => 3,
    }
}

/// What the number stands for.
pub(super) const fn phase(code: u8) -> Option<TouchPhase> {
    match code {
        0 => Some(TouchPhase::Down),
        1 => Some(TouchPhase::Move),
        2 => Some(TouchPhase::Up),
        3 => Some(TouchPhase::Cancel),
        _ => None,
    }
}

/// Appends which participant the one who reads this is.
pub(super) fn encode_self_id(id: ParticipantId, out: &mut BytesMut) {
    out.put_u8(types::SELF_ID);
    out.put_u32_le(id.0);
}

/// Which participant the one who reads this is.
pub(super) fn decode_self_id(payload: &[u8]) -> Result<ParticipantId, StreamWireError> {
    Fields::of("a self id", payload).u32_le().map(ParticipantId)
}
