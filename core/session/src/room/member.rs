//! One member of a room, and what is said about it.

use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{Event, Fraction, Kind, Participant, ParticipantId, Permission, Standing, TouchPhase, View};
use lunette_wire::stream::{
    AgentAction, AgentCursor, Colour, Holder, InputStanding, InputState, Refused, RefusedThing, RemoteCursor,
    RemoteTouch, RemoteUser, ServerControl, ServerMessage, Waiting,
};

use crate::mailbox::Mailbox;

/// Who wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// A person or an agent.
    pub kind: Kind,
    /// What it calls itself.
    pub name: String,
    /// What its token allows.
    pub permission: Permission,
    /// What tells one client's connections from another's.
    pub unique_id: Option<String>,
    /// Who it is, for programs.
    pub user_id: String,
    /// Where a picture of it is.
    pub avatar_url: String,
    /// How much it understands.
    pub hears: Hears,
}

impl Joining {
    /// Somebody without a stream, of whom no more is known.
    #[must_use]
    pub fn new(kind: Kind, name: &str, permission: Permission) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            permission,
            unique_id: None,
            user_id: String::new(),
            avatar_url: String::new(),
            hears: Hears::Nothing,
        }
    }
}

/// What a member can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// Nothing: it has no stream.
    Nothing,
    /// What existing clients know.
    Protocol,
    /// Our extensions, too.
    Extensions,
}

/// A member, for lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Presence {
    /// Its number.
    pub id: ParticipantId,
    /// A person or an agent.
    pub kind: Kind,
    /// Who it is, for programs.
    pub user_id: String,
    /// What it is called.
    pub name: String,
    /// Where a picture of it is.
    pub avatar_url: String,
    /// What its pointer is drawn in.
    pub colour: Colour,
    /// Where it pointed last, in pixels.
    pub place: (i32, i32),
    /// When it did something last.
    pub seen: Duration,
    /// Whether it has the input.
    pub controls: bool,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) participant: Participant,
    pub(super) unique_id: Option<String>,
    pub(super) mailbox: Mailbox,
    pub(super) colour: Colour,
    pub(super) place: (i32, i32),
    user_id: String,
    avatar_url: String,
    hears: Hears,
    seen: Duration,
}

impl Member {
    pub(super) fn new(participant: Participant, joining: Joining, colour: Colour, now: Duration) -> Self {
        Self {
            participant,
            unique_id: joining.unique_id,
            mailbox: Mailbox::default(),
            colour,
            place: (0, 0),
            user_id: joining.user_id,
            avatar_url: joining.avatar_url,
            hears: joining.hears,
            seen: now,
        }
    }

    pub(super) fn hears(&self, message: &ServerMessage) -> bool {
        match self.hears {
            Hears::Nothing => false,
            Hears::Protocol => !matches!(message, ServerMessage::Control(_) | ServerMessage::Timing(_)),
            Hears::Extensions => true,
        }
    }

    pub(super) fn note(&mut self, now: Duration, event: &Event, size: Size) {
        self.seen = now;
        match event {
            Event::MoveTo { x, y } => self.place = (pixel(*x, size.width), pixel(*y, size.height)),
            Event::MoveBy { dx, dy } => {
                self.place = (moved(self.place.0, *dx, size.width), moved(self.place.1, *dy, size.height));
            }
            _ => {}
        }
    }

    pub(super) fn joined_message(&self) -> ServerMessage {
        ServerMessage::RemoteUser(RemoteUser::Joined {
            user: self.participant.id(),
            name: self.participant.name().to_owned(),
            colour: self.colour,
            avatar_url: self.avatar_url.clone(),
        })
    }

    /// `None` for people.
    pub(super) fn agent_message(&mut self, action: AgentAction, size: Size) -> Option<ServerMessage> {
        let within = |place: i32, length: u32| u16::try_from(place.clamp(0, length.try_into().ok()?)).ok();
        let (x, y) = (within(self.place.0, size.width)?, within(self.place.1, size.height)?);
        let agent = self.participant.id();
        let cursor = AgentCursor { agent, x, y, action, visible: action != AgentAction::Idle };
        (self.participant.kind() == Kind::Agent).then_some(ServerMessage::AgentCursor(cursor))
    }

    pub(super) fn presence(&self, holder: Option<ParticipantId>) -> Presence {
        Presence {
            id: self.participant.id(),
            kind: self.participant.kind(),
            user_id: self.user_id.clone(),
            name: self.participant.name().to_owned(),
            avatar_url: self.avatar_url.clone(),
            colour: self.colour,
            place: self.place,
            seen: self.seen,
            controls: holder == Some(self.participant.id()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most the length of a picture")]
fn pixel(place: Fraction, length: u32) -> i32 {
    place.of(length) as i32
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the length of a picture")]
fn moved(place: i32, by: f64, length: u32) -> i32 {
    (f64::from(place) + by).clamp(0.0, f64::from(length)) as i32
}

pub(super) fn pointer_message(user: ParticipantId, (x, y): (i32, i32), colour: Colour) -> ServerMessage {
    ServerMessage::RemoteCursor(RemoteCursor { user, x, y, colour })
}

pub(super) fn touch_message(
    user: ParticipantId,
    (touch, phase): (u32, TouchPhase),
    (x, y): (Fraction, Fraction),
    colour: Colour,
    size: Size,
) -> ServerMessage {
    let pressure = if matches!(phase, TouchPhase::Down | TouchPhase::Move) { u16::MAX } else { 0 };
    let (x, y) = (pixel(x, size.width), pixel(y, size.height));
    ServerMessage::RemoteTouch(RemoteTouch { user, touch, phase, x, y, pressure, colour })
}

/// Says why something was not done.
pub(super) fn refused(what: RefusedThing, reason: &str) -> ServerMessage {
    ServerMessage::Control(ServerControl::Refused(Refused { what, reason: reason.to_owned() }))
}

/// Says who has the input.
pub(super) fn state_for(view: &View) -> ServerMessage {
    let holder = view.holder.as_ref().map(|holder| Holder {
        id: holder.id(),
        name: holder.name().to_owned(),
        kind: holder.kind(),
    });
    let waiting = view.waiting.iter().map(|one| Waiting { id: one.id(), name: one.name().to_owned() }).collect();
    let you = match view.you {
        Standing::Holding => InputStanding::Holding,
        Standing::Free => InputStanding::Free,
        Standing::Watching => InputStanding::Watching,
        Standing::ViewOnly => InputStanding::ViewOnly,
    };
    ServerMessage::Control(ServerControl::Input(InputState { holder, you, waiting }))
}
