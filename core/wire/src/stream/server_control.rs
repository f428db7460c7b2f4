//! 0x20 from a server: one JSON object with one member. Only for clients that know them.

use lunette_input_events::{Kind, ParticipantId};
use serde::{Deserialize, Serialize};

use super::StreamWireError;
use super::control::participant;

/// What a server tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerControl {
    /// Who holds the input.
    Input(InputState),
    /// Something that was asked for is not done.
    Refused(Refused),
    /// How each hop of the picture's way is doing, from the desktop on.
    Hops(Vec<HopReport>),
    /// The desktop's clipboard changed.
    Clipboard(ClipboardChange),
    /// Why there is video, or none.
    Video(VideoState),
}

impl ServerControl {
    /// Most bytes of JSON that a client reads.
    pub const LIMIT: usize = 64 << 10;

    /// The JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are JSON")
    }

    /// Reads the JSON.
    ///
    /// # Errors
    /// When it is none, its member is not one of these, or it is above [`Self::LIMIT`].
    pub fn from_json(json: &[u8]) -> Result<Self, StreamWireError> {
        super::json("a control message", json, Self::LIMIT)
    }
}

/// Who holds the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputState {
    /// The holder.
    pub holder: Option<Holder>,
    /// What that means for the receiver.
    pub you: InputStanding,
    /// Who waits for it, the longest first.
    #[serde(default)]
    pub waiting: Vec<Waiting>,
}

/// Who holds the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The number of its connection.
    #[serde(with = "participant")]
    pub id: ParticipantId,
    /// For people.
    pub name: String,
    /// What it is.
    #[serde(with = "KindName")]
    pub kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Kind", rename_all = "lowercase")]
enum KindName {
    Person,
    Agent,
}

/// Who waits for the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The number of its connection.
    #[serde(with = "participant")]
    pub id: ParticipantId,
    /// For people.
    pub name: String,
}

/// What the input is to the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputStanding {
    /// Its own.
    Holding,
    /// Its own at its first input.
    Free,
    /// Somebody else's.
    Watching,
    /// Never its own: the token lacks the scope.
    ViewOnly,
}

/// Something that was asked for is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What.
    pub what: RefusedThing,
    /// Why, for people.
    pub reason: String,
}

/// What is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusedThing {
    /// An input, which is dropped, or a request for it.
    Input,
    /// Another size of the desktop.
    Resize,
    /// A control message that is not understood.
    Control,
}

/// How one hop of the picture's way is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopReport {
    /// Which.
    pub hop: Hop,
    /// How.
    pub state: HopState,
    /// The last frame that it handed on.
    pub frame: Option<u64>,
    /// Milliseconds since then.
    pub age_ms: Option<u64>,
    /// What is wrong, for people.
    pub why: Option<String>,
}

/// A hop of the picture's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hop {
    /// What runs in the desktop.
    Desktop,
    /// What puts its windows together.
    Compositor,
    /// What takes the picture.
    Capture,
    /// What codes it.
    Encoder,
    /// What brings it to the client.
    Network,
}

/// How a hop is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HopState {
    /// It hands frames on.
    Ok,
    /// It has nothing new to hand on.
    Still,
    /// It had something to hand on, and did not.
    Silent,
    /// It is not there.
    Down,
    /// Nobody knows.
    Unknown,
}

/// The desktop's clipboard changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipboardChange {
    /// Counts the changes.
    pub sequence: u64,
    /// Media types that it has.
    pub types: Vec<String>,
}

/// Why there is video, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoState {
    /// Whether there is.
    pub state: Playing,
    /// The ceiling of the bit rate.
    pub bits_per_second: Option<u64>,
}

/// Whether there is video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Playing {
    /// Frames come when something changes.
    Playing,
    /// The client wanted none.
    Paused,
    /// The client takes less than there is, so that frames are left out for it.
    Slow,
}
