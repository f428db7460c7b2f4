//! STATUS and its reply: how a scanout is doing, without its pictures.

use std::num::NonZeroU32;

use bytes::{Buf, BufMut, BytesMut};
use lunette_frame::{ScanoutId, Size};

use super::scanout::scanout;
use super::{Header, MessageKind, Refusal, SessionId};

/// Say how a scanout is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRequest {
    /// The scanout.
    pub scanout: ScanoutId,
}

impl StatusRequest {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::StatusRequest, session, 4).encode());
        out.put_u32_le(self.scanout.into());
    }

    /// Reads a payload of 4 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { scanout: scanout(MessageKind::StatusRequest, &mut fields)? })
    }
}

/// Whether a scanout can have pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// There is no such scanout, or its machine cannot be reached.
    #[default]
    Absent,
    /// It is not enabled.
    Off,
    /// It is enabled.
    On,
    /// Something that this version does not know.
    Other(u32),
}

impl Presence {
    /// The presence with this number.
    #[must_use]
    pub const fn from_code(code: u32) -> Self {
        match code {
            0 => Self::Absent,
            1 => Self::Off,
            2 => Self::On,
            other => Self::Other(other),
        }
    }

    /// The wire's number.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Absent => 0,
            Self::Off => 1,
            Self::On => 2,
            Self::Other(code) => code,
        }
    }
}

/// How a scanout is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether it can have pictures.
    pub presence: Presence,
    /// Size of its newest picture.
    pub size: Option<Size>,
    /// Milliseconds since its newest picture.
    pub age_ms: Option<u32>,
    /// Pictures so far, whether anybody watched or not.
    pub pictures: u64,
    /// Times that its pointer moved or changed its shape.
    pub cursor_changes: u64,
    /// How its encoder is doing; `None` while nobody watches.
    pub encoder: Option<EncoderStanding>,
}

/// How the encoder of a watched scanout is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncoderStanding {
    /// Access units made so far.
    pub units: u64,
    /// Milliseconds since the last of them.
    pub age_ms: Option<u32>,
    /// Milliseconds since the last picture that is to be encoded, since something had changed in it.
    pub change_ms: Option<u32>,
    /// Microseconds from the capture of the last unit's picture to its end; not more than [`Self::LONGEST_US`].
    pub latency_us: Option<NonZeroU32>,
}

impl EncoderStanding {
    /// The longest time that can be told.
    pub const LONGEST_US: u32 = u32::MAX >> 1;

    /// Whether there is an encoder, and the time that it takes, in one field.
    fn to_watched(this: Option<Self>) -> u32 {
        let latency = |this: Self| this.latency_us.map_or(0, |time| time.get().min(Self::LONGEST_US));
        this.map_or(0, |this| (latency(this) << 1) | 1)
    }
}

impl Standing {
    const NO_AGE: u32 = u32::MAX;
    /// The longest age that can be told.
    pub const OLDEST_MS: u32 = Self::NO_AGE - 1;
}

/// How a scanout is doing, or that the asker may not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusResponse {
    /// The scanout.
    pub scanout: ScanoutId,
    /// `None` when the asker shows no token that allows it.
    pub standing: Option<Standing>,
}

impl StatusResponse {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::StatusResponse, session, 60).encode());
        out.put_u32_le(self.scanout.into());
        out.put_u32_le(self.standing.is_some().into());
        let Standing { presence, size, age_ms, pictures, cursor_changes, encoder } = self.standing.unwrap_or_default();
        let Size { width, height } = size.unwrap_or(Size::new(0, 0));
        out.put_u32_le(presence.code());
        out.put_u32_le(width);
        out.put_u32_le(height);
        out.put_u32_le(age_ms.unwrap_or(Standing::NO_AGE));
        out.put_u64_le(pictures);
        out.put_u64_le(cursor_changes);
        out.put_u32_le(EncoderStanding::to_watched(encoder));
        let EncoderStanding { units, age_ms, change_ms, .. } = encoder.unwrap_or_default();
        out.put_u32_le(age_ms.unwrap_or(Standing::NO_AGE));
        out.put_u32_le(change_ms.unwrap_or(Standing::NO_AGE));
        out.put_u64_le(units);
    }

    /// Reads a payload of 60 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        let scanout = scanout(MessageKind::StatusResponse, &mut fields)?;
        let is_allowed = fields.get_u32_le() != 0;
        let presence = Presence::from_code(fields.get_u32_le());
        let size = Size::new(fields.get_u32_le(), fields.get_u32_le());
        let age_ms = age(&mut fields);
        let (pictures, cursor_changes) = (fields.get_u64_le(), fields.get_u64_le());
        let watched = fields.get_u32_le();
        let (unit_age, change_ms) = (age(&mut fields), age(&mut fields));
        let (units, latency_us) = (fields.get_u64_le(), NonZeroU32::new(watched >> 1));
        let encoder = EncoderStanding { units, age_ms: unit_age, change_ms, latency_us };
        let standing = Standing {
            presence,
            size: (size != Size::new(0, 0)).then_some(size),
            age_ms,
            pictures,
            cursor_changes,
            encoder: (watched != 0).then_some(encoder),
        };
        Ok(Self { scanout, standing: is_allowed.then_some(standing) })
    }
}

fn age(fields: &mut &[u8]) -> Option<u32> {
    let age = fields.get_u32_le();
    (age != Standing::NO_AGE).then_some(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_nothing_whatever_its_fields_say() {
        let mut fields = [0xff; 60];
        fields[..8].copy_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0]);
        let response = StatusResponse::decode(&fields).expect("a scanout that can be");
        assert_eq!(response, StatusResponse { scanout: ScanoutId::new(3), standing: None });
    }

    #[test]
    fn an_encoder_whose_time_is_not_known_is_told_as_before_it_could_be() {
        assert_eq!(EncoderStanding::to_watched(None), 0);
        assert_eq!(EncoderStanding::to_watched(Some(EncoderStanding::default())), 1);
        let slow = EncoderStanding { latency_us: NonZeroU32::new(u32::MAX), ..EncoderStanding::default() };
        assert_eq!(EncoderStanding::to_watched(Some(slow)), u32::MAX);
    }

    #[test]
    fn a_presence_of_a_later_version_is_kept() {
        for code in [0, 1, 2, 3, u32::MAX] {
            assert_eq!(Presence::from_code(code).code(), code);
        }
    }
}
