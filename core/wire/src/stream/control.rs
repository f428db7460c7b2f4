//! 0x20 from a client: one JSON object, each member of which asks for something.

use std::num::NonZeroU32;

use lunette_frame::Size;
use lunette_input_events::ParticipantId;
use serde::{Deserialize, Deserializer, Serialize};

use super::StreamWireError;

/// What a client asks for. Members that are not named here are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientControl {
    /// Whether it is to get video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_video_enabled: Option<bool>,
    /// Something about who holds the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<InputRequest>,
    /// Another size of the desktop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<Resize>,
    /// Whether it is to get timings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings: Option<bool>,
    /// A question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Question>,
    /// Whatever this client holds down is to be let go.
    #[serde(skip_serializing_if = "is_false")]
    pub release_keys: bool,
    /// The highest bit rate that it wants.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub max_bitrate: Option<Ceiling>,
}

impl ClientControl {
    /// Most bytes of JSON.
    pub const LIMIT: usize = 16 << 10;

    /// The JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are JSON")
    }

    /// Reads the JSON.
    ///
    /// # Errors
    /// When it is none, a member is not what it must be, or it is above [`Self::LIMIT`].
    pub fn from_json(json: &[u8]) -> Result<Self, StreamWireError> {
        super::json("a control message", json, Self::LIMIT)
    }
}

/// Something about who holds the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputRequest {
    /// Asks the holder for it.
    Request,
    /// Gives it up, or the wait for it.
    Release,
    /// Takes it over.
    Take,
    /// Gives it to this one, who waits for it.
    Grant(#[serde(with = "participant")] ParticipantId),
    /// Keeps it from this one, who waits for it.
    Deny(#[serde(with = "participant")] ParticipantId),
}

/// A size of 1 to 8192 pixels on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sides", into = "Sides")]
pub struct Resize {
    size: Size,
}

impl Resize {
    /// Most pixels on a side.
    pub const MAX_SIDE: u32 = 8192;

    /// A desktop of this size; [`None`] when it is not one that can be asked for.
    #[must_use]
    pub fn to(size: Size) -> Option<Self> {
        let sides = 1..=Self::MAX_SIDE;
        (sides.contains(&size.width) && sides.contains(&size.height)).then_some(Self { size })
    }

    /// The size.
    #[must_use]
    pub const fn size(self) -> Size {
        self.size
    }
}

#[derive(Serialize, Deserialize)]
struct Sides {
    width: u32,
    height: u32,
}

impl TryFrom<Sides> for Resize {
    type Error = &'static str;

    fn try_from(sides: Sides) -> Result<Self, Self::Error> {
        Self::to(Size::new(sides.width, sides.height)).ok_or("a side has 1 to 8192 pixels")
    }
}

impl From<Resize> for Sides {
    fn from(resize: Resize) -> Self {
        Self { width: resize.size.width, height: resize.size.height }
    }
}

/// What a client wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    /// How each hop of the picture's way is doing.
    Hops,
}

/// A bit rate that is not to be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<NonZeroU32>", into = "Option<NonZeroU32>")]
pub enum Ceiling {
    /// None; `null` on the wire.
    Open,
    /// So many kilobits per second.
    Kilobits(NonZeroU32),
}

impl From<Option<NonZeroU32>> for Ceiling {
    fn from(kilobits: Option<NonZeroU32>) -> Self {
        kilobits.map_or(Self::Open, Self::Kilobits)
    }
}

impl From<Ceiling> for Option<NonZeroU32> {
    fn from(ceiling: Ceiling) -> Self {
        match ceiling {
            Ceiling::Open => None,
            Ceiling::Kilobits(kilobits) => Some(kilobits),
        }
    }
}

/// For a member whose `null` says something.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Ceiling>, D::Error> {
    Ceiling::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// A participant's number.
pub(super) mod participant {
    use lunette_input_events::ParticipantId;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(in crate::stream) fn serialize<S: Serializer>(id: &ParticipantId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(id.0)
    }

    pub(in crate::stream) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ParticipantId, D::Error> {
        u32::deserialize(from).map(ParticipantId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ClientControl, StreamWireError> {
        ClientControl::from_json(json.as_bytes())
    }

    #[test]
    fn several_members_ask_for_several_things_and_unknown_ones_for_nothing() {
        let both = ClientControl { set_video_enabled: Some(true), timings: Some(false), ..ClientControl::default() };
        assert_eq!(read(r#"{"set_video_enabled":true,"later":[{}],"timings":false}"#), Ok(both));
        assert_eq!(read("{}"), Ok(ClientControl::default()));
    }

    #[test]
    fn no_ceiling_is_not_the_same_as_none_named() {
        assert_eq!(read(r#"{"max_bitrate":null}"#).map(|control| control.max_bitrate), Ok(Some(Ceiling::Open)));
        assert_eq!(read("{}").map(|control| control.max_bitrate), Ok(None));
        let limited = read(r#"{"max_bitrate":2000}"#).map(|control| control.max_bitrate);
        assert_eq!(limited, Ok(NonZeroU32::new(2000).map(Ceiling::Kilobits)));
        assert!(read(r#"{"max_bitrate":0}"#).is_err());
    }

    #[test]
    fn members_that_are_not_what_they_must_be_are_refused() {
        for json in [
            "",
            "[]",
            "7",
            r#"{"set_video_enabled":1}"#,
            r#"{"input":"steal"}"#,
            r#"{"input":{"grant":-1}}"#,
            r#"{"input":{"grant":1,"deny":2}}"#,
            r#"{"resize":{"width":0,"height":600}}"#,
            r#"{"resize":{"width":800,"height":8193}}"#,
            r#"{"resize":{"width":800}}"#,
            r#"{"ask":"why"}"#,
        ] {
            assert!(matches!(read(json), Err(StreamWireError::Json { .. })), "{json}");
        }
    }

    #[test]
    fn what_is_quoted_of_a_message_is_short() {
        let error = read(&format!(r#"{{"input":"{}"}}"#, "é".repeat(5000))).expect_err("no request");
        assert!(error.to_string().len() < 300, "{error}");
        assert!(matches!(read(&" ".repeat(20_000)), Err(StreamWireError::Oversize { size: 20_000, .. })));
    }
}
