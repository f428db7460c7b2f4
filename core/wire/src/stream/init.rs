//! The first message of a client: who it is, and what it wants.

use std::num::NonZeroU32;

use lunette_frame::{BitRate, Size};
use serde_json::{Map, Value, json};

use super::VideoMode;
use crate::text::cut;

/// What a client says first, with defaults for what it leaves out and limits on what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// Which desktop, for servers that have several.
    pub session_id: Option<String>,
    /// Pixels per row that it wants, 1 to 8192.
    pub width: Option<NonZeroU32>,
    /// Rows that it wants, 1 to 8192.
    pub height: Option<NonZeroU32>,
    /// Most frames per second, 1 to 240.
    pub fps: u8,
    /// Ceiling of the bit rate, 10 kbit/s to 1 Gbit/s.
    pub bit_rate: Option<BitRate>,
    /// How the picture is to be captured; see [`VideoMode::choose`].
    pub video_mode: Option<VideoMode>,
    /// Frames between keyframes, up to 10 000.
    pub gop_size: Option<NonZeroU32>,
    /// Two connections that say the same are the same client's, so that the older one is closed.
    pub client_unique_id: Option<String>,
    /// Who the person is, for programs.
    pub user_id: Option<String>,
    /// Who the person is, for people. Cut to 255 bytes.
    pub user_name: Option<String>,
    /// Where a picture of the person is. Left out above 2048 bytes.
    pub avatar_url: Option<String>,
    /// Whether a person asked for this attempt, so that a server that had given up tries again.
    pub user_retry: bool,
    /// Version of Lunette's extensions that it knows.
    pub lunette: Option<NonZeroU32>,
    /// What its decoders are, in the words of browsers; at most 32 of 64 bytes.
    pub decoders: Vec<String>,
}

impl Default for Init {
    fn default() -> Self {
        Self {
            session_id: None,
            width: None,
            height: None,
            fps: Self::DEFAULT_FPS,
            bit_rate: None,
            video_mode: None,
            gop_size: None,
            client_unique_id: None,
            user_id: None,
            user_name: None,
            avatar_url: None,
            user_retry: false,
            lunette: None,
            decoders: Vec::new(),
        }
    }
}

/// Why a first message is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// More than a server is ready to look at.
    #[error("the init message has {0} bytes, above the limit of {limit}", limit = Init::LIMIT)]
    Oversize(usize),
    /// No JSON object.
    #[error("the init message is no JSON object: {0}")]
    Json(String),
    /// Another type than `init`.
    #[error("the first message has no type `init`")]
    Type,
    /// A member that holds something of another kind.
    #[error("`{field}` of the init message is not {wanted}")]
    Member {
        /// The member.
        field: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// An id that is too long to be one.
    #[error("`{field}` of the init message has {size} bytes, above the limit of {limit}", limit = Init::MAX_ID)]
    LongId {
        /// The member.
        field: &'static str,
        /// Bytes of it.
        size: usize,
    },
}

impl Init {
    /// Most bytes of the message.
    pub const LIMIT: usize = 64 << 10;
    /// Most bytes of an id. Longer ones are refused, since two that are cut could become one.
    pub const MAX_ID: usize = 256;
    /// Most bytes of a name.
    pub const MAX_NAME: usize = 255;
    /// Most bytes of an avatar's address.
    pub const MAX_AVATAR: usize = 2048;
    /// Most pixels on a side.
    pub const MAX_SIDE: u32 = 8192;
    /// Frames per second when the client does not say.
    pub const DEFAULT_FPS: u8 = 60;
    /// Most frames per second.
    pub const MAX_FPS: u8 = 240;

    const MAX_GOP: u32 = 10_000;
    const KILOBITS: (u32, u32) = (10, 1_000_000);
    const MAX_DECODERS: usize = 32;
    const MAX_DECODER: usize = 64;

    /// Reads the first text message.
    ///
    /// # Errors
    /// When it is above [`Self::LIMIT`], no JSON object, of another type, or a member is not what it must be.
    pub fn parse(text: &str) -> Result<Self, InitError> {
        if text.len() > Self::LIMIT {
            return Err(InitError::Oversize(text.len()));
        }
        let object: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| InitError::Json(cut(&error.to_string(), 200).to_owned()))?;
        if object.get("type").and_then(Value::as_str) != Some("init") {
            return Err(InitError::Type);
        }
        Self::of(&Members(&object))
    }

    fn of(members: &Members<'_>) -> Result<Self, InitError> {
        let (lowest, highest) = Self::KILOBITS;
        let kilobits = members.number("bitrate", highest)?.map(|kilobits| kilobits.get().max(lowest));
        let fps = members.number("fps", Self::MAX_FPS.into())?;
        Ok(Self {
            session_id: members.id("session_id")?,
            width: members.number("width", Self::MAX_SIDE)?,
            height: members.number("height", Self::MAX_SIDE)?,
            fps: fps.and_then(|fps| u8::try_from(fps.get()).ok()).unwrap_or(Self::DEFAULT_FPS),
            bit_rate: kilobits.map(|kilobits| BitRate::from_bits_per_second(kilobits * 1000)),
            video_mode: members.text("video_mode")?.and_then(VideoMode::from_init_text),
            gop_size: members.number("gop_size", Self::MAX_GOP)?,
            client_unique_id: members.id("client_unique_id")?,
            user_id: members.id("user_id")?,
            user_name: members.text("user_name")?.map(|name| cut(name, Self::MAX_NAME).to_owned()),
            avatar_url: members.text("avatar_url")?.filter(|url| url.len() <= Self::MAX_AVATAR).map(str::to_owned),
            user_retry: members.flag("user_retry")?,
            lunette: members.number("lunette", u32::MAX)?,
            decoders: members.decoders()?,
        })
    }

    /// The message, for clients of ours.
    #[must_use]
    pub fn to_json(&self) -> String {
        let side = |side: Option<NonZeroU32>| side.map_or(0, NonZeroU32::get);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        json!({
            "type": "init",
            "session_id": text(&self.session_id),
            "width": side(self.width),
            "height": side(self.height),
            "fps": self.fps,
            "bitrate": self.bit_rate.map_or(0, |rate| rate.bits_per_second() / 1000),
            "video_mode": self.video_mode.map_or("", VideoMode::text),
            "gop_size": side(self.gop_size),
            "client_unique_id": text(&self.client_unique_id),
            "user_id": text(&self.user_id),
            "user_name": text(&self.user_name),
            "avatar_url": text(&self.avatar_url),
            "user_retry": self.user_retry,
            "lunette": side(self.lunette),
            "decoders": self.decoders,
        })
        .to_string()
    }

    /// The size that it wants; a side that it leaves open is that of `real`.
    #[must_use]
    pub fn size_or(&self, real: Size) -> Size {
        let side = |asked: Option<NonZeroU32>, real| asked.map_or(real, NonZeroU32::get);
        Size::new(side(self.width, real.width), side(self.height, real.height))
    }

    /// Whether it understands what Lunette has added to the protocol.
    #[must_use]
    pub const fn knows_extensions(&self) -> bool {
        self.lunette.is_some()
    }
}

/// The members of the object; `null` is as good as absent.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn get(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// A text that says something.
    fn text(&self, field: &'static str) -> Result<Option<&'a str>, InitError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let text = value.as_str().ok_or(InitError::Member { field, wanted: "text" })?;
        Ok((!text.is_empty()).then_some(text))
    }

    fn id(&self, field: &'static str) -> Result<Option<String>, InitError> {
        match self.text(field)? {
            Some(text) if text.len() > Init::MAX_ID => Err(InitError::LongId { field, size: text.len() }),
            id => Ok(id.map(str::to_owned)),
        }
    }

    fn flag(&self, field: &'static str) -> Result<bool, InitError> {
        let Some(value) = self.get(field) else { return Ok(false) };
        value.as_bool().ok_or(InitError::Member { field, wanted: "true or false" })
    }

    /// A whole number, at most `most`; 0 and less say nothing.
    fn number(&self, field: &'static str, most: u32) -> Result<Option<NonZeroU32>, InitError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let whole = value.as_u64().or_else(|| value.as_i64().map(|_negative| 0));
        let number = whole.ok_or(InitError::Member { field, wanted: "a whole number" })?;
        Ok(NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX).min(most)))
    }

    /// Names that are too long, and those behind the last that is looked at, are left out.
    fn decoders(&self) -> Result<Vec<String>, InitError> {
        let wrong = InitError::Member { field: "decoders", wanted: "a list of texts" };
        let Some(value) = self.get("decoders") else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| wrong.clone())?;
        let names: Option<Vec<&str>> = list.iter().take(Init::MAX_DECODERS).map(Value::as_str).collect();
        let short = names.ok_or(wrong)?.into_iter().filter(|name| name.len() <= Init::MAX_DECODER);
        Ok(short.map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(members: &str) -> Result<Init, InitError> {
        Init::parse(&format!(r#"{{"type":"init"{members}}}"#))
    }

    #[test]
    fn nothing_but_the_type_is_needed() {
        assert_eq!(parse(""), Ok(Init::default()));
        assert_eq!(
            parse(r#","width":0,"height":null,"fps":0,"bitrate":0,"lunette":0,"user_name":"""#),
            Ok(Init::default())
        );
        assert_eq!(Init::default().size_or(Size::new(800, 600)), Size::new(800, 600));
    }

    #[test]
    fn numbers_are_clamped() {
        let init = parse(r#","width":100000,"height":-5,"fps":1000,"bitrate":1,"gop_size":18446744073709551615"#);
        let init = init.expect("whole numbers");
        assert_eq!((init.width, init.height, init.fps), (NonZeroU32::new(8192), None, 240));
        assert_eq!(init.bit_rate, Some(BitRate::from_bits_per_second(10_000)));
        assert_eq!(init.gop_size, NonZeroU32::new(10_000));
        let fast = parse(r#","bitrate":4000000000"#).map(|init| init.bit_rate);
        assert_eq!(fast, Ok(Some(BitRate::from_bits_per_second(1_000_000_000))));
    }

    #[test]
    fn a_member_of_another_kind_is_named() {
        for (member, field) in [
            (r#","width":"1920""#, "width"),
            (r#","height":1.5"#, "height"),
            (r#","fps":[]"#, "fps"),
            (r#","bitrate":1e30"#, "bitrate"),
            (r#","video_mode":1"#, "video_mode"),
            (r#","client_unique_id":7"#, "client_unique_id"),
            (r#","user_retry":"yes""#, "user_retry"),
            (r#","lunette":true"#, "lunette"),
            (r#","decoders":"avc1""#, "decoders"),
            (r#","decoders":[1]"#, "decoders"),
        ] {
            let error = parse(member).expect_err(member);
            assert!(matches!(error, InitError::Member { field: named, .. } if named == field), "{member}: {error}");
        }
    }

    #[test]
    fn what_earlier_clients_send_too_may_be_anything() {
        let legacy = r#","host_id":"x","app_id":[],"packet_size":{},"play_audio_local":1,"video_supported_formats":-1"#;
        assert_eq!(parse(legacy), Ok(Init::default()));
    }

    #[test]
    fn a_first_message_that_is_no_init_is_refused() {
        assert!(matches!(Init::parse("init"), Err(InitError::Json(_))));
        assert!(matches!(Init::parse("[]"), Err(InitError::Json(_))));
        assert_eq!(Init::parse("{}"), Err(InitError::Type));
        assert_eq!(Init::parse(r#"{"type":"Init"}"#), Err(InitError::Type));
        assert_eq!(Init::parse(&" ".repeat(65_537)), Err(InitError::Oversize(65_537)));
    }

    #[test]
    fn long_names_are_cut_long_avatars_left_out_and_long_ids_refused() {
        let (name, url, id) = ("é".repeat(200), "a".repeat(2049), "i".repeat(257));
        let init = parse(&format!(r#","user_name":"{name}","avatar_url":"{url}""#)).expect("an init");
        assert_eq!((init.user_name, init.avatar_url), (Some("é".repeat(127)), None));
        for field in ["session_id", "client_unique_id", "user_id"] {
            assert_eq!(parse(&format!(r#","{field}":"{id}""#)), Err(InitError::LongId { field, size: 257 }));
        }
    }

    #[test]
    fn decoders_are_few_and_short() {
        let many = format!(r#","decoders":["{}"{}]"#, "x".repeat(65), r#","avc1""#.repeat(40));
        assert_eq!(parse(&many).map(|init| init.decoders.len()), Ok(31));
    }
}
