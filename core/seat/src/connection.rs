//! The server's side of one compositor's connection.
//!
//! ```text
//!   ┌─────┐ OpenSeat ┌──────────────────────────────┐ CloseSeat ┌────────┐
//!   │ New │─────────▶│ Open: Enabled ──▶ Disabling  │──────────▶│ Closed │
//!   └─────┘          │          ▲            │      │           └────────┘
//!                    │          │            ▼      │
//!                    │          └─────── Disabled   │
//!                    └──────────────────────────────┘
//! ```
//!
//! Enabled becomes Disabling when the owner takes the seat away, which then becomes Disabled at the compositor's
//! DisableSeat. Devices are opened while it is Enabled only. Ping is answered in every state; anything else outside of
//! Open ends the connection.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::inbox::Inbox;
use crate::message::{DecodeError, DeviceId, Reply, Request};
use crate::policy::{Device, Policy};
use crate::{Errno, SeatName};

/// Devices that one connection may have open.
pub const MAX_DEVICES: usize = 128;

/// What the compositor's libseat expects. It does not say which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// libseat 0.9: waits for the answer to DisableSeat and SwitchSession, for ever if it must.
    #[default]
    Answering,
    /// libseat 0.7: waits for no such answer, and takes one for the answer to its next question.
    Silent,
}

/// Whether the compositor may use the seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activity {
    /// It may.
    #[default]
    Active,
    /// It may not, for now.
    Inactive,
}

/// What is to be done for a compositor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this.
    Send(Reply),
    /// Open this, and then say [`Connection::opened`] or [`Connection::refused`].
    Open(Device),
}

/// Why the connection is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The bytes are no request.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The seat is not open.
    #[error("a request without a seat")]
    NoSeat,
    /// A connection opens the seat once.
    #[error("the seat was opened before")]
    OpenedBefore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Open(Use),
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Enabled,
    Disabling,
    Disabled,
}

/// One connection. Feed it with [`Connection::receive`], and drain [`Connection::poll_action`] before feeding more.
#[derive(Debug)]
pub struct Connection {
    policy: Arc<Policy>,
    seat: SeatName,
    dialect: Dialect,
    activity: Activity,
    stage: Stage,
    inbox: Inbox,
    devices: BTreeSet<DeviceId>,
    last_device: i32,
    opening: Option<DeviceId>,
    replies: VecDeque<Reply>,
}

impl Connection {
    /// Of a compositor that has said nothing yet.
    #[must_use]
    pub fn new(policy: Arc<Policy>, seat: SeatName, dialect: Dialect) -> Self {
        Self {
            policy,
            seat,
            dialect,
            activity: Activity::default(),
            stage: Stage::New,
            inbox: Inbox::default(),
            devices: BTreeSet::new(),
            last_device: 0,
            opening: None,
            replies: VecDeque::new(),
        }
    }

    /// Takes bytes that came.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.inbox.push(bytes);
    }

    /// Gives the seat, or takes it away.
    pub fn set_activity(&mut self, activity: Activity) {
        self.activity = activity;
        self.stage = match (self.stage, activity) {
            (Stage::Open(Use::Enabled), Activity::Inactive) => {
                self.replies.push_back(Reply::DisableSeat);
                Stage::Open(Use::Disabling)
            }
            (Stage::Open(Use::Disabled), Activity::Active) => self.enable(),
            // A compositor that is disabling is enabled again once it has done so.
            (stage, _) => stage,
        };
    }

    /// Whether the seat is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// Devices that are open.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.devices.len()
    }

    /// What to do next; nothing until a device that is being opened is opened or refused.
    ///
    /// # Errors
    /// When the connection must be closed.
    pub fn poll_action(&mut self) -> Result<Option<Action>, Violation> {
        loop {
            if let Some(reply) = self.replies.pop_front() {
                return Ok(Some(Action::Send(reply)));
            }
            if self.opening.is_some() {
                return Ok(None);
            }
            let Some(request) = self.inbox.next_request()? else { return Ok(None) };
            if let Some(device) = self.handle(request)? {
                return Ok(Some(Action::Open(device)));
            }
        }
    }

    /// The device is open: the message that its descriptor goes with.
    ///
    /// # Panics
    /// When none was asked for.
    pub fn opened(&mut self) -> Reply {
        let id = self.opening.take().expect("poll_action asked for a device");
        self.devices.insert(id);
        Reply::DeviceOpened(id)
    }

    /// The device cannot be opened.
    pub fn refused(&mut self, errno: Errno) {
        if self.opening.take().is_some() {
            self.replies.push_back(Reply::Error(errno));
        }
    }

    fn handle(&mut self, request: Request) -> Result<Option<Device>, Violation> {
        match (self.stage, request) {
            (_, Request::Ping) => self.replies.push_back(Reply::Pong),
            (Stage::New, Request::OpenSeat) => self.open_seat(),
            (Stage::Open(_) | Stage::Closed, Request::OpenSeat) => return Err(Violation::OpenedBefore),
            (Stage::New | Stage::Closed, _) => return Err(Violation::NoSeat),
            (Stage::Open(_), Request::CloseSeat) => {
                self.devices.clear();
                self.stage = Stage::Closed;
                self.replies.push_back(Reply::SeatClosed);
            }
            (Stage::Open(state), Request::OpenDevice(path)) => return Ok(self.open_device(state, &path)),
            (Stage::Open(_), Request::CloseDevice(id)) => {
                let known = self.devices.remove(&id);
                self.replies.push_back(if known { Reply::DeviceClosed } else { Reply::Error(Errno::EBADF) });
            }
            (Stage::Open(state), Request::DisableSeat) => self.disabled(state),
            (Stage::Open(_), Request::SwitchSession(_)) => self.answer(Reply::Error(Errno::EPERM)),
        }
        Ok(None)
    }

    fn open_seat(&mut self) {
        self.replies.push_back(Reply::SeatOpened(self.seat.clone()));
        self.stage = match self.activity {
            Activity::Active => self.enable(),
            Activity::Inactive => Stage::Open(Use::Disabled),
        };
    }

    fn enable(&mut self) -> Stage {
        self.replies.push_back(Reply::EnableSeat);
        Stage::Open(Use::Enabled)
    }

    fn open_device(&mut self, state: Use, path: &[u8]) -> Option<Device> {
        match self.decide(state, path) {
            Ok(device) => {
                self.opening = Some(self.fresh_id());
                Some(device)
            }
            Err(errno) => {
                self.replies.push_back(Reply::Error(errno));
                None
            }
        }
    }

    fn decide(&self, state: Use, path: &[u8]) -> Result<Device, Errno> {
        if state != Use::Enabled {
            return Err(Errno::EPERM);
        }
        if self.devices.len() >= MAX_DEVICES {
            return Err(Errno::EMFILE);
        }
        self.policy.by_path(path).map_err(|refusal| refusal.errno())
    }

    /// Ids come round again after all of them were used; those of open devices are passed over.
    fn fresh_id(&mut self) -> DeviceId {
        loop {
            self.last_device = self.last_device.checked_add(1).unwrap_or(1);
            let id = DeviceId(self.last_device);
            if !self.devices.contains(&id) {
                return id;
            }
        }
    }

    fn disabled(&mut self, state: Use) {
        if state != Use::Disabling {
            return self.answer(Reply::Error(Errno::EBUSY));
        }
        self.answer(Reply::SeatDisabled);
        self.stage = match self.activity {
            Activity::Active => self.enable(),
            Activity::Inactive => Stage::Open(Use::Disabled),
        };
    }

    /// Answers what only some libseats wait for.
    fn answer(&mut self, reply: Reply) {
        if self.dialect == Dialect::Answering {
            self.replies.push_back(reply);
        }
    }
}
