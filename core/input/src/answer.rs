//! What [`Control`](crate::Control) answers and tells.

use crate::participant::{Participant, ParticipantId, Refusal};

/// What becomes of an input event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the holder's.
    Accepted,
    /// It made its sender the holder.
    AcceptedNewHolder,
    /// It is dropped, and its sender is told why.
    Refused(Refusal),
}

/// Why the input changes hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It was free, and somebody used it or asked for it.
    WasFree,
    /// The holder gave it.
    Granted,
    /// Somebody took it over.
    Taken,
    /// The holder did not answer, and did not use it.
    NotAnswered,
    /// The holder gave it up.
    Released,
    /// The holder is gone.
    Left,
    /// The holder did not use it for long.
    LetGo,
}

impl Cause {
    /// Whether the turn before it ended by itself, so that nobody who had it waits to have it back.
    pub(crate) const fn is_an_end(self) -> bool {
        matches!(self, Self::Released | Self::Left | Self::LetGo)
    }
}

/// What the others are to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlEvent {
    /// Another one holds the input: whatever `from` holds down is to be released.
    HolderChanged {
        /// Who held it; may be gone.
        from: Option<ParticipantId>,
        /// Who holds it.
        to: Option<ParticipantId>,
        /// Why.
        cause: Cause,
    },
    /// Somebody waits for the holder's answer.
    Requested {
        /// Who.
        by: ParticipantId,
    },
    /// A request ended without the input.
    Denied {
        /// Whose.
        to: ParticipantId,
        /// Why.
        reason: Refusal,
    },
    /// Somebody does not wait any more, or is gone.
    Withdrawn {
        /// Who.
        by: ParticipantId,
    },
}

/// What the input is to a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its own.
    Holding,
    /// Its own at its first input.
    Free,
    /// Somebody else's.
    Watching,
    /// Never its own.
    ViewOnly,
}

/// How things are, for one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Who holds the input.
    pub holder: Option<Participant>,
    /// What it is to the one who looks.
    pub you: Standing,
    /// Who waits for it, the longest first.
    pub waiting: Vec<Participant>,
}
