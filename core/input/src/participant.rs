//! Who takes part in a desktop, and why one of them may not have its input.

use std::time::Duration;

/// A participant's number, as long as it takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParticipantId(pub u32);

/// What takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody in front of a viewer.
    Person,
    /// A program that works by itself.
    Agent,
}

/// Whether the token of a participant lets it use the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// It may hold the input.
    MayControl,
    /// It looks on.
    ViewOnly,
}

/// One who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    id: ParticipantId,
    kind: Kind,
    name: String,
    permission: Permission,
}

impl Participant {
    /// Names are cut at this many characters.
    pub const MAX_NAME: usize = 64;

    /// One who calls itself `name`: without its control characters, or by its kind when nothing is left of it.
    #[must_use]
    pub fn new(id: ParticipantId, kind: Kind, name: &str, permission: Permission) -> Self {
        let shown: String = name.trim().chars().filter(|char| !char.is_control()).take(Self::MAX_NAME).collect();
        let name = match (shown.is_empty(), kind) {
            (false, _) => shown,
            (true, Kind::Person) => "somebody".to_owned(),
            (true, Kind::Agent) => "an agent".to_owned(),
        };
        Self { id, kind, name, permission }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> ParticipantId {
        self.id
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is called, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may ever hold the input.
    #[must_use]
    pub fn may_control(&self) -> bool {
        self.permission == Permission::MayControl
    }
}

/// Why something about the input is not done, for the one who wanted it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A person holds the input.
    #[error("{0} is using this desktop: ask for the input, or wait until it is released")]
    HeldByPerson(String),
    /// An agent holds the input.
    #[error("the agent {0} is working in this desktop: take over to use it yourself")]
    HeldByAgent(String),
    /// A person takes from another only when that one is idle.
    #[error("{holder} is using this desktop: it can be taken over after {} s without input", idle_after.as_secs())]
    NotIdle {
        /// Who holds it.
        holder: String,
        /// How long it has to be still.
        idle_after: Duration,
    },
    /// Agents ask; they do not take.
    #[error("an agent does not take the input from {0}: ask for it")]
    AgentsAsk(String),
    /// The token does not allow it.
    #[error("this is view only: the token has no control scope")]
    ViewOnly,
    /// Only who holds the input passes it on.
    #[error("only the holder decides who gets the input, and that is {0}")]
    NotYours(String),
    /// Nobody holds the input, so nobody decides about it.
    #[error("nobody holds the input: the first to use it has it")]
    NobodyHolds,
    /// The one that the answer is for did not ask, or does not any more.
    #[error("nobody with this number is waiting for the input")]
    NotWaiting,
    /// The holder said no.
    #[error("{0} keeps the input")]
    Kept(String),
    /// The holder said nothing, and went on working.
    #[error("{0} went on using the desktop and did not answer")]
    NotAnswered(String),
    /// No such participant.
    #[error("not taking part in this desktop")]
    Stranger,
    /// The number is in use.
    #[error("takes part already")]
    AlreadyHere,
    /// Too many take part.
    #[error("{0} take part in this desktop already, which is the limit")]
    Full(usize),
    /// What makes input happen is not there.
    #[error("this desktop takes no input at present: {0}")]
    NoInput(String),
    /// What makes input happen has no key for it.
    #[error("this desktop cannot type {0:?}: put it on the clipboard and paste it")]
    CannotType(char),
    /// More than the desktop has taken so far may wait for it.
    #[error("this desktop has not taken earlier input yet: try again in a moment")]
    Behind,
}
