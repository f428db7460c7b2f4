//! Everybody at one desktop: who is here, where their pointers are, who has the input, what is down.
//!
//! ```text
//!   join ─▶ member ──input──▶ Control: theirs? ──▶ Combined: does it make sense? ──▶ poll_event: for the desktop
//!             │                   │ refused                                 └──▶ pointers, told to the others
//!             │                   └──▶ answered                                        │
//!             └── take_letter ◀── mailbox ◀────────────────────────────────────────────┘
//!   leave, superseded, turn over ──▶ whatever they hold down comes up
//! ```

mod member;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{
    Combined, Control, ControlEvent, Event, Kind, Participant, ParticipantId, Patience, Refusal, Standing, Verdict,
};
use lunette_wire::stream::{
    AgentAction, ClipboardChange, Colour, InputRequest, RefusedThing, RemoteUser, ServerControl, ServerMessage,
};

use crate::counters::InputCounters;
use crate::mailbox::Letter;
pub use member::{Hears, Joining, Presence};
use member::{Member, pointer_message, state_for, touch_message};

/// Everybody at one desktop.
#[derive(Debug)]
pub struct Room {
    control: Control,
    combined: Combined,
    members: BTreeMap<ParticipantId, Member>,
    joined: usize,
    size: Size,
    /// How the desktop's pointer looks, for who comes later.
    cursor: Option<ServerMessage>,
    last_mover: ParticipantId,
    events: VecDeque<Event>,
    /// Members with letters that nobody was told of yet.
    woken: Vec<ParticipantId>,
    /// When somebody was told last that input did not happen.
    failure_told: Option<Duration>,
    counters: InputCounters,
}

/// Between two answers to input that did not happen: every further key would say the same.
const FAILURE: Duration = Duration::from_millis(500);

impl Room {
    /// An empty room at a desktop of this size.
    #[must_use]
    pub fn new(size: Size, patience: Patience) -> Self {
        Self {
            control: Control::new(patience),
            combined: Combined::default(),
            members: BTreeMap::new(),
            joined: 0,
            size,
            cursor: None,
            last_mover: ParticipantId(0),
            events: VecDeque::new(),
            woken: Vec::new(),
            failure_told: None,
            counters: InputCounters::default(),
        }
    }

    /// What became of input so far.
    #[must_use]
    pub const fn input_counters(&self) -> InputCounters {
        self.counters
    }

    /// Lets somebody in. An older connection of the same client is superseded, and holds nothing down any more.
    ///
    /// # Errors
    /// When too many are here.
    pub fn join(&mut self, now: Duration, joining: Joining) -> Result<ParticipantId, Refusal> {
        let id = ParticipantId(u32::try_from(self.joined + 1).unwrap_or(u32::MAX));
        let participant = Participant::new(id, joining.kind, &joining.name, joining.permission);
        self.supersede(&joining, now);
        self.control.join(participant.clone())?;
        let member = Member::new(participant, joining, Colour::of_turn(self.joined), now);
        self.joined += 1;
        self.members.insert(id, member);
        self.greet(id);
        self.settle();
        Ok(id)
    }

    /// Somebody is gone; what they held down comes up.
    pub fn leave(&mut self, id: ParticipantId, now: Duration) {
        if self.members.remove(&id).is_none() {
            return;
        }
        self.release_keys(id);
        self.control.leave(id, now);
        self.tell_all(&ServerMessage::RemoteUser(RemoteUser::Left { user: id }));
        self.settle();
    }

    /// One input event of a member: it reaches the desktop, or its sender is told why not.
    ///
    /// # Errors
    /// When the input is not theirs.
    pub fn input(&mut self, id: ParticipantId, now: Duration, event: Event) -> Result<(), Refusal> {
        let verdict = self.control.input(id, now);
        self.settle();
        if let Verdict::Refused(refusal) = verdict {
            self.count_refusal(&refusal);
            return Err(refusal);
        }
        if self.combined.apply(id, &event).is_ok() {
            self.counters.accepted += 1;
            self.show(id, now, &event);
            self.events.push_back(event);
        } else {
            self.counters.senseless += 1;
        }
        Ok(())
    }

    fn count_refusal(&mut self, refusal: &Refusal) {
        let count = match refusal {
            Refusal::HeldByPerson(_) => &mut self.counters.held_by_person,
            Refusal::HeldByAgent(_) => &mut self.counters.held_by_agent,
            Refusal::ViewOnly => &mut self.counters.view_only,
            _ => &mut self.counters.other,
        };
        *count += 1;
    }

    /// Input that was let pass did not happen; whoever has the input is told.
    pub fn input_failed(&mut self, now: Duration, reason: &str) {
        let Some(holder) = self.control.holder().map(Participant::id) else { return };
        if self.failure_told.is_none_or(|told| now.saturating_sub(told) >= FAILURE) {
            self.failure_told = Some(now);
            self.tell(holder, member::refused(RefusedThing::Input, reason));
        }
    }

    /// What a member holds down comes up.
    pub fn release_keys(&mut self, id: ParticipantId) {
        self.events.extend(self.combined.release_all(id));
    }

    /// Something about who has the input.
    ///
    /// # Errors
    /// When it is not theirs to ask.
    pub fn ask(&mut self, id: ParticipantId, now: Duration, request: InputRequest) -> Result<(), Refusal> {
        let done = match request {
            InputRequest::Request => self.control.request(id, now),
            InputRequest::Release => self.control.release(id, now),
            InputRequest::Take => self.control.take(id, now),
            InputRequest::Grant(to) => self.control.grant(id, to, now),
            InputRequest::Deny(to) => self.control.deny(id, to, now),
        };
        self.settle();
        done
    }

    /// Whether the input is a member's, or nobody's: then it may also ask for another size, say.
    #[must_use]
    pub fn may_act(&self, id: ParticipantId) -> bool {
        matches!(self.control.view_for(id).you, Standing::Holding | Standing::Free)
    }

    /// What an agent is doing, for the others to see; its place is where it pointed last.
    pub fn show_agent(&mut self, id: ParticipantId, action: AgentAction) {
        let Some(member) = self.members.get_mut(&id) else { return };
        if let Some(message) = member.agent_message(action, self.size) {
            self.tell_others(id, &message);
        }
    }

    /// The desktop's picture has another size.
    pub fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    /// The size that places are told in.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// How the desktop's pointer looks from now on: a cursor image or name.
    pub fn set_cursor(&mut self, message: ServerMessage) {
        // Where it is shows in what members do; pixels are too many to be sent for that.
        if !self.cursor.as_ref().is_some_and(|known| look_alike(known, &message)) {
            self.tell_all(&message);
        }
        self.cursor = Some(message);
    }

    /// How the desktop's pointer looks, where that is known.
    #[must_use]
    pub const fn cursor(&self) -> Option<&ServerMessage> {
        self.cursor.as_ref()
    }

    /// Who moved the pointer last; 0 when nobody did.
    #[must_use]
    pub const fn last_mover(&self) -> ParticipantId {
        self.last_mover
    }

    /// The desktop's clipboard has changed.
    pub fn clipboard_changed(&mut self, change: ClipboardChange) {
        self.tell_all(&ServerMessage::Control(ServerControl::Clipboard(change)));
    }

    /// The next letter for a member.
    pub fn take_letter(&mut self, id: ParticipantId) -> Option<Letter> {
        self.members.get_mut(&id)?.mailbox.take()
    }

    /// The next event for the desktop.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A member who has letters since this was asked last.
    pub fn poll_woken(&mut self) -> Option<ParticipantId> {
        self.woken.pop()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.control.poll_timeout(now);
        self.settle();
    }

    /// When [`Room::handle_timeout`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        self.control.next_deadline()
    }

    /// Who is here, for lists.
    #[must_use]
    pub fn presence(&self) -> Vec<Presence> {
        let holder = self.control.holder().map(Participant::id);
        self.members.values().map(|member| member.presence(holder)).collect()
    }

    /// Whether nobody is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn supersede(&mut self, joining: &Joining, now: Duration) {
        let Some(unique) = &joining.unique_id else { return };
        let older: Vec<_> = self
            .members
            .iter()
            .filter(|(_, member)| member.unique_id.as_ref() == Some(unique))
            .map(|(id, _)| *id)
            .collect();
        for id in older {
            self.release_keys(id);
            self.control.leave(id, now);
            if let Some(member) = self.members.get_mut(&id) {
                member.unique_id = None;
                member.mailbox.supersede();
                self.woken.push(id);
            }
        }
    }

    /// Tells the new member who it is and who is here, and the others who came. It hears of itself, too: that is how it
    /// learns its colour.
    fn greet(&mut self, id: ParticipantId) {
        let Some(member) = self.members.get(&id) else { return };
        let joined = member.joined_message();
        self.tell(id, ServerMessage::SelfId(id));
        self.tell_all(&joined);
        let others: Vec<_> =
            self.members.iter().filter(|(other, _)| **other != id).map(|(_, other)| other.joined_message()).collect();
        for message in others {
            self.tell(id, message);
        }
        self.tell_state(id);
    }

    /// Draws the conclusions of what the control decided.
    fn settle(&mut self) {
        let mut changed = false;
        while let Some(event) = self.control.poll_event() {
            changed = true;
            match event {
                ControlEvent::HolderChanged { from: Some(from), .. } => self.release_keys(from),
                ControlEvent::Denied { to, reason } => self.refuse(to, &reason),
                ControlEvent::HolderChanged { from: None, .. }
                | ControlEvent::Requested { .. }
                | ControlEvent::Withdrawn { .. } => {}
            }
        }
        if changed {
            let ids: Vec<_> = self.members.keys().copied().collect();
            ids.into_iter().for_each(|id| self.tell_state(id));
        }
    }

    fn refuse(&mut self, id: ParticipantId, reason: &Refusal) {
        self.tell(id, member::refused(RefusedThing::Control, &reason.to_string()));
    }

    fn tell_state(&mut self, id: ParticipantId) {
        let message = state_for(&self.control.view_for(id));
        self.tell(id, message);
    }

    /// Lets the others see what a member does.
    fn show(&mut self, id: ParticipantId, now: Duration, event: &Event) {
        let size = self.size;
        let Some(member) = self.members.get_mut(&id) else { return };
        member.note(now, event, size);
        let colour = member.colour;
        let message = match (event, member.participant.kind()) {
            (Event::MoveTo { .. } | Event::MoveBy { .. }, Kind::Person) => pointer_message(id, member.place, colour),
            (Event::Touch { slot, phase, x, y }, _) => touch_message(id, (*slot, *phase), (*x, *y), colour, size),
            _ => return,
        };
        if matches!(event, Event::MoveTo { .. } | Event::MoveBy { .. }) {
            self.last_mover = id;
        }
        self.tell_others(id, &message);
    }

    fn tell_others(&mut self, id: ParticipantId, message: &ServerMessage) {
        let others: Vec<_> = self.members.keys().copied().filter(|other| *other != id).collect();
        others.into_iter().for_each(|other| self.tell(other, message.clone()));
    }

    fn tell_all(&mut self, message: &ServerMessage) {
        let all: Vec<_> = self.members.keys().copied().collect();
        all.into_iter().for_each(|id| self.tell(id, message.clone()));
    }

    fn tell(&mut self, id: ParticipantId, message: ServerMessage) {
        let Some(member) = self.members.get_mut(&id) else { return };
        if !member.hears(&message) {
            return;
        }
        let asleep = member.mailbox.is_empty();
        member.mailbox.put(message);
        if asleep {
            self.woken.push(id);
        }
    }
}

/// Whether two pointers differ in their place at most.
fn look_alike(one: &ServerMessage, other: &ServerMessage) -> bool {
    match (one, other) {
        (ServerMessage::CursorImage(one), ServerMessage::CursorImage(other)) => {
            (one.hot_x, one.hot_y, &one.bitmap) == (other.hot_x, other.hot_y, &other.bitmap)
        }
        _ => one == other,
    }
}
