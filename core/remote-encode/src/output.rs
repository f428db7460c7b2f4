//! What goes in and out of a client.

use std::time::Duration;

use bytes::Bytes;
use lunette_frame::Size;
use lunette_wire::hxfr::{ErrorReply, FrameError, FrameResponse, Nanos, ResourceId};

/// The driver's name for one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

/// A picture that the driver has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub ticket: Ticket,
    /// Its size.
    pub size: Size,
    /// When it is shown.
    pub pts: Option<Nanos>,
    /// For how long.
    pub duration: Option<Nanos>,
    /// Whether a decoder must be able to start at it.
    pub force_keyframe: bool,
    /// Whether anything differs from the picture offered before.
    pub changed: bool,
    /// The resource of the guest's graphics device that holds it.
    pub resource: Option<ResourceId>,
}

/// What becomes of an offered picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It will be requested; later outputs say what came of it.
    Later,
    /// Nothing: it looks like the one before, which the host has.
    Unchanged,
}

/// How a picture travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// All of its pixels.
    Whole,
    /// What differs from the picture that was requested before.
    Tiles,
    /// The name of the resource.
    Resource(ResourceId),
}

/// A FRAME_REQUEST for the driver to fill with pixels of its newest picture, and to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The picture that it is for.
    pub offer: Offer,
    /// How it travels.
    pub body: Body,
    /// Whether the answer must be a keyframe.
    pub force_keyframe: bool,
}

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Connect, and tell by `connected` or `lost`.
    Dial,
    /// Drop the connection.
    Close,
    /// Send these bytes.
    Send(Bytes),
    /// Send a picture.
    Request(Request),
    /// A picture came back.
    Deliver(Ticket, FrameResponse),
    /// A picture will not come back.
    Drop(Ticket),
    /// Tell somebody: it goes on.
    Warn(Trouble),
    /// Tell somebody: nothing will be done any more.
    Fail(Trouble),
}

/// What can be wrong with a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection, with the reason.
    #[error("cannot connect to the host: {0}")]
    Unreachable(String),
    /// It closed the connection.
    #[error("the host closed the connection")]
    Closed,
    /// The connection broke, with the reason.
    #[error("the connection to the host broke: {0}")]
    Broken(String),
    /// What it sends is not HXFR.
    #[error("what the host sends is not HXFR")]
    Stream(#[from] FrameError),
    /// It answered something that was not asked.
    #[error("the host answered a request that nobody made")]
    Unasked,
    /// It did not answer in time.
    #[error("the host did not answer within {0:?}")]
    Slow(Duration),
    /// It did not encode a picture.
    #[error("the host sent ERROR {}: {}", .0.code, .0.message)]
    Refused(ErrorReply),
    /// It cannot read what the guest's graphics device holds.
    #[error("the host cannot use buffers of the graphics device, so pixels are sent ({})", .0.message)]
    NoResources(ErrorReply),
}
