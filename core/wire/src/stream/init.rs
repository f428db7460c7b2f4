//! The first message of a client: who it is, and what it wants.

use std::num::NonZeroU32;

use lunette_frame::{BitRate, Size};
use serde_json::{Map, Value};

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

/// How a server gets the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VideoMode {
    /// From the host, which sees the display device.
    Scanout,
    /// From the compositor, in buffers of the graphics card.
    #[default]
    ZeroCopy,
    /// From the compositor, by the graphics card's own means.
    Native,
    /// From the compositor, in shared memory.
    Shm,
}

impl VideoMode {
    /// What a client calls so.
    #[must_use]
    pub fn from_init_text(text: &str) -> Option<Self> {
        match text {
            "scanout" => Some(Self::Scanout),
            "zerocopy" | "zero-copy" | "plugin" => Some(Self::ZeroCopy),
            "native" | "dmabuf" => Some(Self::Native),
            "shm" => Some(Self::Shm),
            _ => None,
        }
    }

    /// What the environment's `HELIX_VIDEO_MODE` calls so.
    #[must_use]
    pub fn from_env_text(text: &str) -> Option<Self> {
        Self::from_init_text(text).filter(|mode| *mode != Self::ZeroCopy)
    }

    /// What the client wants, else what the environment says, else [`VideoMode::ZeroCopy`].
    #[must_use]
    pub fn choose(asked: Option<Self>, environment: Option<&str>) -> Self {
        asked.or_else(|| environment.and_then(Self::from_env_text)).unwrap_or_default()
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
