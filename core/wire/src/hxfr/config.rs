//! CONFIG_REQ: set up or retune an encoder.

use std::num::{NonZeroU8, NonZeroU32};

use bytes::{Buf, BufMut, BytesMut};
use lunette_frame::{BitRate, FrameRate};

use super::{Header, MessageKind, Refusal, SessionId};

/// An H.264 profile by its `profile_idc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// 66.
    Baseline,
    /// 77.
    Main,
    /// 100.
    High,
    /// A value that the protocol does not name.
    Other(NonZeroU8),
}

impl Profile {
    /// What the wire's `profile_idc` stands for; 0 is none.
    #[must_use]
    pub fn from_idc(idc: u8) -> Option<Self> {
        NonZeroU8::new(idc).map(|known| match idc {
            66 => Self::Baseline,
            77 => Self::Main,
            100 => Self::High,
            _ => Self::Other(known),
        })
    }

    /// The `profile_idc`.
    #[must_use]
    pub const fn idc(self) -> u8 {
        match self {
            Self::Baseline => 66,
            Self::Main => 77,
            Self::High => 100,
            Self::Other(idc) => idc.get(),
        }
    }
}

/// An H.264 level times ten: 40 is level 4.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(NonZeroU8);

impl Level {
    /// The level `tenths / 10`; 0 is none.
    #[must_use]
    pub fn from_tenths(tenths: u8) -> Option<Self> {
        NonZeroU8::new(tenths).map(Self)
    }

    /// Ten times the level.
    #[must_use]
    pub const fn tenths(self) -> u8 {
        self.0.get()
    }
}

/// What an encoder is asked for; [`None`] leaves a setting as it is, and is 0 on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigRequest {
    /// Pixels per row.
    pub width: Option<NonZeroU32>,
    /// Rows.
    pub height: Option<NonZeroU32>,
    /// Ceiling of the bit rate.
    pub bit_rate: Option<BitRate>,
    /// Pictures per second; a numerator of 0 leaves it as it is, a denominator of 0 is refused.
    pub frame_rate: Option<FrameRate>,
    /// The highest profile that the decoder takes.
    pub profile: Option<Profile>,
    /// The highest level that the decoder takes.
    pub level: Option<Level>,
    /// Whether delay matters more than compression.
    pub realtime: bool,
}

impl ConfigRequest {
    /// Asks for nothing but frames without delay.
    pub const UNCHANGED: Self = Self {
        width: None,
        height: None,
        bit_rate: None,
        frame_rate: None,
        profile: None,
        level: None,
        realtime: true,
    };

    const FIELDS: u32 = 28;
    const RESERVED: usize = 5;

    /// What both ask for together: this one where it asks for anything, else `earlier`.
    #[must_use]
    pub fn over(self, earlier: Self) -> Self {
        Self {
            width: self.width.or(earlier.width),
            height: self.height.or(earlier.height),
            bit_rate: self.bit_rate.or(earlier.bit_rate),
            frame_rate: self.frame_rate.or(earlier.frame_rate),
            profile: self.profile.or(earlier.profile),
            level: self.level.or(earlier.level),
            realtime: self.realtime,
        }
    }

    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::ConfigRequest, session, Self::FIELDS).encode());
        out.put_u32_le(self.width.map_or(0, NonZeroU32::get));
        out.put_u32_le(self.height.map_or(0, NonZeroU32::get));
        out.put_u32_le(self.bit_rate.map_or(0, BitRate::bits_per_second));
        out.put_u32_le(self.frame_rate.map_or(0, FrameRate::numerator));
        out.put_u32_le(self.frame_rate.map_or(1, FrameRate::denominator));
        out.put_u8(self.profile.map_or(0, Profile::idc));
        out.put_u8(self.level.map_or(0, Level::tenths));
        out.put_u8(self.realtime.into());
        out.put_bytes(0, Self::RESERVED);
    }

    /// Reads a payload of 28 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        let width = NonZeroU32::new(fields.get_u32_le());
        let height = NonZeroU32::new(fields.get_u32_le());
        let bits = fields.get_u32_le();
        let frame_rate = frame_rate(fields.get_u32_le(), fields.get_u32_le())?;
        Ok(Self {
            width,
            height,
            bit_rate: (bits != 0).then(|| BitRate::from_bits_per_second(bits)),
            frame_rate,
            profile: Profile::from_idc(fields.get_u8()),
            level: Level::from_tenths(fields.get_u8()),
            realtime: fields.get_u8() != 0,
        })
    }
}

fn frame_rate(numerator: u32, denominator: u32) -> Result<Option<FrameRate>, Refusal> {
    match (numerator, denominator) {
        (_, 0) => Err(Refusal::FrameRate { numerator }),
        _ => Ok(FrameRate::new(numerator, denominator).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_leaves_a_setting_as_it_is() {
        let mut payload = [0; 28];
        payload[16] = 1;
        let config = ConfigRequest::decode(&payload).expect("valid");
        assert_eq!((config.width, config.height), (None, None));
        assert_eq!((config.bit_rate, config.frame_rate, config.profile, config.level), (None, None, None, None));
    }

    #[test]
    fn a_zero_denominator_is_refused_whatever_the_numerator() {
        for numerator in [0, 60] {
            let mut payload = [0; 28];
            payload[12] = numerator;
            assert_eq!(ConfigRequest::decode(&payload), Err(Refusal::FrameRate { numerator: numerator.into() }));
        }
    }
}
