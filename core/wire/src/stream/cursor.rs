//! 0x50, 0x51, 0x53 and 0x55: pointers. Little-endian, unlike most of the stream.

use bytes::{BufMut, Bytes, BytesMut};
use lunette_input_events::ParticipantId;

use super::colour::Colour;
use super::fields::Fields;
use super::{StreamWireError, put_short_text, types};

/// The picture of a pointer: rows of pixels without gaps, each R, G, B, A.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorBitmap {
    width: u32,
    height: u32,
    pixels: Bytes,
}

impl CursorBitmap {
    /// Most pixels on a side.
    pub const MAX_SIDE: u32 = 512;

    /// `AB24`: R, G, B, A in memory. Viewers read every other format wrong.
    const ABGR8888: u32 = u32::from_le_bytes(*b"AB24");
    const HEAD: u32 = 16;

    /// A picture of `width` by `height` RGBA pixels; [`None`] when it is empty, too large, or has other pixels.
    #[must_use]
    pub fn rgba(width: u32, height: u32, pixels: Bytes) -> Option<Self> {
        let sides = 1..=Self::MAX_SIDE;
        let fits = sides.contains(&width) && sides.contains(&height);
        (fits && pixels.len() == 4 * width as usize * height as usize).then_some(Self { width, height, pixels })
    }

    /// Pixels of a row.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The pixels.
    #[must_use]
    pub const fn pixels(&self) -> &Bytes {
        &self.pixels
    }

    fn encode(&self, out: &mut BytesMut) {
        out.put_u32_le(Self::HEAD + 4 * self.width * self.height);
        out.put_u32_le(Self::ABGR8888);
        out.put_u32_le(self.width);
        out.put_u32_le(self.height);
        out.put_u32_le(4 * self.width);
        out.put_slice(&self.pixels);
    }

    /// Takes the picture off `fields`, padding of its rows left out.
    fn decode(fields: &mut Fields<'_>) -> Result<Option<Self>, StreamWireError> {
        let size = fields.u32_le()?;
        if size == 0 {
            return Ok(None);
        }
        let (format, width, height, stride) = (fields.u32_le()?, fields.u32_le()?, fields.u32_le()?, fields.i32_le()?);
        let sides = 1..=Self::MAX_SIDE;
        if format != Self::ABGR8888 || !sides.contains(&width) || !sides.contains(&height) {
            return Err(fields.impossible("bitmap"));
        }
        let row = 4 * width as usize;
        let stride = usize::try_from(stride).ok().filter(|stride| *stride >= row).ok_or(fields.impossible("stride"))?;
        let length = size.checked_sub(Self::HEAD).ok_or(fields.impossible("bitmap size"))?;
        let bytes = fields.take(length as usize)?;
        let pixels: Vec<u8> =
            bytes.chunks(stride).take(height as usize).filter_map(|line| line.get(..row)).flatten().copied().collect();
        Self::rgba(width, height, pixels.into()).map(Some).ok_or(fields.impossible("bitmap size"))
    }
}

/// How the pointer looks and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorImage {
    /// Who moved it last.
    pub last_mover: ParticipantId,
    /// Pixels from the left of the picture to its hot spot.
    pub x: i32,
    /// Pixels from the top.
    pub y: i32,
    /// Pixels from the left of the bitmap to its hot spot.
    pub hot_x: i32,
    /// Pixels from the top of the bitmap.
    pub hot_y: i32,
    /// The pointer; [`None`] when there is none to see.
    pub bitmap: Option<CursorBitmap>,
}

impl CursorImage {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::CURSOR_IMAGE);
        out.put_u32_le(self.last_mover.0);
        out.put_i32_le(self.x);
        out.put_i32_le(self.y);
        out.put_i32_le(self.hot_x);
        out.put_i32_le(self.hot_y);
        match &self.bitmap {
            Some(bitmap) => bitmap.encode(out),
            None => out.put_u32_le(0),
        }
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a cursor image", payload);
        Ok(Self {
            last_mover: ParticipantId(fields.u32_le()?),
            x: fields.i32_le()?,
            y: fields.i32_le()?,
            hot_x: fields.i32_le()?,
            hot_y: fields.i32_le()?,
            bitmap: CursorBitmap::decode(&mut fields)?,
        })
    }
}

/// The pointer looks like the one that CSS calls so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorName {
    /// Who moved it last.
    pub last_mover: ParticipantId,
    /// Pixels from the left of the shape to its hot spot.
    pub hot_x: i32,
    /// Pixels from the top of the shape.
    pub hot_y: i32,
    /// `default`, `pointer`, `text` and so on. Cut to 255 bytes when sent.
    pub name: String,
}

impl CursorName {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::CURSOR_NAME);
        out.put_u32_le(self.last_mover.0);
        out.put_i32_le(self.hot_x);
        out.put_i32_le(self.hot_y);
        put_short_text(out, &self.name);
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a cursor name", payload);
        Ok(Self {
            last_mover: ParticipantId(fields.u32_le()?),
            hot_x: fields.i32_le()?,
            hot_y: fields.i32_le()?,
            name: fields.short_text("name")?,
        })
    }
}

/// Where somebody else's pointer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteCursor {
    /// Whose.
    pub user: ParticipantId,
    /// Pixels from the left of the picture.
    pub x: i32,
    /// Pixels from the top.
    pub y: i32,
    /// What tells it apart.
    pub colour: Colour,
}

impl RemoteCursor {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::REMOTE_CURSOR);
        out.put_u32_le(self.user.0);
        out.put_i32_le(self.x);
        out.put_i32_le(self.y);
        self.colour.put(out);
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a remote cursor", payload);
        Ok(Self {
            user: ParticipantId(fields.u32_le()?),
            x: fields.i32_le()?,
            y: fields.i32_le()?,
            colour: Colour::take(&mut fields)?,
        })
    }
}

/// What an agent does with its pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentAction {
    /// Nothing.
    Idle,
    /// Moves.
    Moving,
    /// Clicks.
    Clicking,
    /// Types.
    Typing,
    /// Scrolls.
    Scrolling,
    /// Drags.
    Dragging,
}

impl AgentAction {
    /// All of them, by their number.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::Moving, Self::Clicking, Self::Typing, Self::Scrolling, Self::Dragging];

    /// The wire's number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Moving => 1,
            Self::Clicking => 2,
            Self::Typing => 3,
            Self::Scrolling => 4,
            Self::Dragging => 5,
        }
    }

    /// The action with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// Where an agent's pointer is, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentCursor {
    /// Which agent; 1 is the only one that older servers know.
    pub agent: ParticipantId,
    /// Pixels from the left of the picture.
    pub x: u16,
    /// Pixels from the top.
    pub y: u16,
    /// What it does.
    pub action: AgentAction,
    /// Whether it is to be seen.
    pub visible: bool,
}

impl AgentCursor {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::AGENT_CURSOR);
        out.put_u32_le(self.agent.0);
        out.put_u16_le(self.x);
        out.put_u16_le(self.y);
        out.put_u8(self.action.code());
        out.put_u8(self.visible.into());
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("an agent cursor", payload);
        let (agent, x, y) = (ParticipantId(fields.u32_le()?), fields.u16_le()?, fields.u16_le()?);
        let action = AgentAction::from_code(fields.u8()?).ok_or(fields.impossible("action"))?;
        Ok(Self { agent, x, y, action, visible: fields.bool()? })
    }
}
