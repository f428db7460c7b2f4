//! The input of one desktop: one participant at a time holds it, the others watch.
//!
//! ```text
//!             input, request, take                      (1) grant; take from an agent or an idle person;
//!          ┌──────────────────────────┐                     an unanswered request to an idle holder
//!          │                          ▼                                  ┌───────┐
//!      ┌──────┐                   ┌────────┐ ───────────────────────────▶│ Held  │
//!      │ Free │                   │ Held   │             (2)             │ by    │
//!      └──────┘                   │ by X   │ ───────────────────────────▶│ Y     │
//!          ▲                      └────────┘                             └───────┘
//!          │  release, leave, let go  │   (2) release, leave, let go: Y is the first who waits,
//!          └──────────────────────────┘       or else the agent that X's turn goes back to
//!            nobody waits, no agent
//! ```
//! * Let go: a person who holds it for `let_go_after` without input loses it. An agent keeps it; people may take it.
//! * A turn that goes from an agent to a person goes back to that agent at its end, also when people passed it on among
//!   themselves meanwhile; not when the agent itself gave it up, or is gone.
//! * A request waits for `answer_within`. Then it is granted when the holder gave no input since it was asked, and else
//!   denied. Nobody waits while the input is free.
//! * Every verb first does what was due before it, so no answer depends on when a timer fires.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::answer::{Cause, ControlEvent, Standing, Verdict, View};
use crate::participant::{Kind, Participant, ParticipantId, Refusal};

/// How long is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A person without input for so long may be taken over from by another.
    pub idle_after: Duration,
    /// A person without input for so long loses it.
    pub let_go_after: Duration,
    /// How long a request waits for the holder's answer.
    pub answer_within: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle_after: Duration::from_secs(30),
            let_go_after: Duration::from_secs(300),
            answer_within: Duration::from_secs(30),
        }
    }
}

#[derive(Debug)]
struct Turn {
    of: ParticipantId,
    /// Its last input, or the turn's start.
    active: Duration,
    hand_back_to: Option<ParticipantId>,
}

#[derive(Debug)]
struct Request {
    by: ParticipantId,
    asked: Duration,
}

/// The input of one desktop.
#[derive(Debug)]
pub struct Control {
    patience: Patience,
    now: Duration,
    here: BTreeMap<ParticipantId, Participant>,
    turn: Option<Turn>,
    /// The longest first; at most one per participant.
    waiting: VecDeque<Request>,
    events: VecDeque<ControlEvent>,
}

impl Control {
    /// The most who take part.
    pub const MAX_PARTICIPANTS: usize = 1024;

    /// Input that nobody holds.
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        Self {
            patience,
            now: Duration::ZERO,
            here: BTreeMap::new(),
            turn: None,
            waiting: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Lets somebody take part.
    ///
    /// # Errors
    /// [`Refusal::AlreadyHere`] and [`Refusal::Full`].
    pub fn join(&mut self, participant: Participant) -> Result<(), Refusal> {
        if self.here.contains_key(&participant.id()) {
            return Err(Refusal::AlreadyHere);
        }
        if self.here.len() >= Self::MAX_PARTICIPANTS {
            return Err(Refusal::Full(self.here.len()));
        }
        self.here.insert(participant.id(), participant);
        Ok(())
    }

    /// Somebody is gone. Who was not there may go as well.
    pub fn leave(&mut self, id: ParticipantId, now: Duration) {
        self.advance(now);
        if self.here.remove(&id).is_none() {
            return;
        }
        self.withdraw(id);
        if self.holds(id) {
            return self.end_turn(Cause::Left);
        }
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.hand_back_to == Some(id)) {
            turn.hand_back_to = None;
        }
    }

    /// Asks the holder for the input. Granted at once while nobody holds it; asking again changes nothing.
    ///
    /// # Errors
    /// When `id` may not hold it.
    pub fn request(&mut self, id: ParticipantId, now: Duration) -> Result<(), Refusal> {
        self.advance(now);
        self.permitted(id)?;
        if self.turn.is_none() {
            self.begin_turn(id, Cause::WasFree);
        } else if !self.holds(id) && !self.waits(id) {
            self.waiting.push_back(Request { by: id, asked: self.now });
            self.events.push_back(ControlEvent::Requested { by: id });
        }
        Ok(())
    }

    /// The holder gives the input to one who waits for it.
    ///
    /// # Errors
    /// When `by` does not hold it, or `to` does not wait.
    pub fn grant(&mut self, by: ParticipantId, to: ParticipantId, now: Duration) -> Result<(), Refusal> {
        self.advance(now);
        self.decides(by, to)?;
        self.begin_turn(to, Cause::Granted);
        Ok(())
    }

    /// The holder keeps the input.
    ///
    /// # Errors
    /// As for [`Self::grant`].
    pub fn deny(&mut self, by: ParticipantId, to: ParticipantId, now: Duration) -> Result<(), Refusal> {
        self.advance(now);
        self.decides(by, to)?;
        self.refuse_request(to, Refusal::Kept(self.name_of(by)));
        Ok(())
    }

    /// Takes the input over, without asking.
    ///
    /// # Errors
    /// When `id` may not hold it, when it is an agent and somebody holds it, and when another person uses it.
    pub fn take(&mut self, id: ParticipantId, now: Duration) -> Result<(), Refusal> {
        self.advance(now);
        let kind = self.permitted(id)?.kind();
        let Some(turn) = &self.turn else {
            self.begin_turn(id, Cause::WasFree);
            return Ok(());
        };
        if turn.of == id {
            return Ok(());
        }
        let (holder, idle_after) = (self.name_of(turn.of), self.patience.idle_after);
        match (kind, self.kind_of(turn.of)) {
            (Kind::Agent, _) => return Err(Refusal::AgentsAsk(holder)),
            (Kind::Person, Some(Kind::Person)) if self.now < turn.active + idle_after => {
                return Err(Refusal::NotIdle { holder, idle_after });
            }
            (Kind::Person, _) => self.begin_turn(id, Cause::Taken),
        }
        Ok(())
    }

    /// Gives the input up, or the wait for it.
    ///
    /// # Errors
    /// When `id` neither holds it nor waits.
    pub fn release(&mut self, id: ParticipantId, now: Duration) -> Result<(), Refusal> {
        self.advance(now);
        if self.holds(id) {
            self.end_turn(Cause::Released);
            Ok(())
        } else if self.withdraw(id) {
            Ok(())
        } else {
            Err(self.turn.as_ref().map_or(Refusal::NobodyHolds, |turn| Refusal::NotYours(self.name_of(turn.of))))
        }
    }

    /// Judges an input event. A refused one is never kept for later.
    pub fn input(&mut self, id: ParticipantId, now: Duration) -> Verdict {
        self.advance(now);
        if let Err(refusal) = self.permitted(id) {
            return Verdict::Refused(refusal);
        }
        match &mut self.turn {
            None => {
                self.begin_turn(id, Cause::WasFree);
                Verdict::AcceptedNewHolder
            }
            Some(turn) if turn.of == id => {
                turn.active = self.now;
                Verdict::Accepted
            }
            Some(turn) => {
                let holder = turn.of;
                Verdict::Refused(self.held_by(holder))
            }
        }
    }

    /// Does what is due.
    pub fn poll_timeout(&mut self, now: Duration) {
        self.advance(now);
    }

    /// When [`Self::poll_timeout`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let answer = self.waiting.front().map(|request| request.asked + self.patience.answer_within);
        self.let_go_at().into_iter().chain(answer).min()
    }

    /// The next thing that the others are to hear of.
    pub fn poll_event(&mut self) -> Option<ControlEvent> {
        self.events.pop_front()
    }

    /// Who holds the input.
    #[must_use]
    pub fn holder(&self) -> Option<&Participant> {
        self.turn.as_ref().and_then(|turn| self.here.get(&turn.of))
    }

    /// Everybody who takes part.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.here.values()
    }

    /// How things are for one participant; a stranger only views.
    #[must_use]
    pub fn view_for(&self, id: ParticipantId) -> View {
        let you = match &self.turn {
            _ if !self.here.get(&id).is_some_and(Participant::may_control) => Standing::ViewOnly,
            None => Standing::Free,
            Some(turn) if turn.of == id => Standing::Holding,
            Some(_) => Standing::Watching,
        };
        let waiting = self.waiting.iter().filter_map(|request| self.here.get(&request.by)).cloned().collect();
        View { holder: self.holder().cloned(), you, waiting }
    }

    /// One thing after the other, each as if it was done when it was due.
    fn advance(&mut self, now: Duration) {
        let now = self.now.max(now);
        while let Some(due) = self.next_deadline().filter(|due| *due <= now) {
            self.now = self.now.max(due);
            if self.let_go_at().is_some_and(|at| at <= self.now) {
                self.end_turn(Cause::LetGo);
            } else {
                self.answer_first();
            }
        }
        self.now = now;
    }

    /// In the name of a holder who did not.
    fn answer_first(&mut self) {
        let Some(Request { by, asked }) = self.waiting.pop_front() else { return };
        match &self.turn {
            Some(turn) if turn.active > asked => {
                let reason = Refusal::NotAnswered(self.name_of(turn.of));
                self.events.push_back(ControlEvent::Denied { to: by, reason });
            }
            _ => self.begin_turn(by, Cause::NotAnswered),
        }
    }

    fn let_go_at(&self) -> Option<Duration> {
        let turn = self.turn.as_ref().filter(|turn| self.kind_of(turn.of) == Some(Kind::Person))?;
        Some(turn.active + self.patience.let_go_after)
    }

    /// The one place where somebody comes to hold the input.
    fn begin_turn(&mut self, id: ParticipantId, cause: Cause) {
        let before = self.turn.take();
        let from = before.as_ref().map(|turn| turn.of);
        let agent = before.and_then(|turn| match self.kind_of(turn.of) {
            Some(Kind::Agent) if !cause.is_an_end() => Some(turn.of),
            _ => turn.hand_back_to,
        });
        let is_person = self.kind_of(id) == Some(Kind::Person);
        let hand_back_to = agent.filter(|agent| is_person && self.here.contains_key(agent));
        self.waiting.retain(|request| request.by != id);
        self.turn = Some(Turn { of: id, active: self.now, hand_back_to });
        self.events.push_back(ControlEvent::HolderChanged { from, to: Some(id), cause });
    }

    fn end_turn(&mut self, cause: Cause) {
        let Some(turn) = &self.turn else { return };
        let next = self.waiting.front().map(|request| request.by).or(turn.hand_back_to);
        match next {
            Some(next) => self.begin_turn(next, cause),
            None => {
                let from = self.turn.take().map(|turn| turn.of);
                self.events.push_back(ControlEvent::HolderChanged { from, to: None, cause });
            }
        }
    }

    fn refuse_request(&mut self, to: ParticipantId, reason: Refusal) {
        self.waiting.retain(|request| request.by != to);
        self.events.push_back(ControlEvent::Denied { to, reason });
    }

    fn withdraw(&mut self, id: ParticipantId) -> bool {
        let waits = self.waits(id);
        if waits {
            self.waiting.retain(|request| request.by != id);
            self.events.push_back(ControlEvent::Withdrawn { by: id });
        }
        waits
    }

    fn permitted(&self, id: ParticipantId) -> Result<&Participant, Refusal> {
        let participant = self.here.get(&id).ok_or(Refusal::Stranger)?;
        if participant.may_control() { Ok(participant) } else { Err(Refusal::ViewOnly) }
    }

    fn decides(&self, by: ParticipantId, to: ParticipantId) -> Result<(), Refusal> {
        let turn = self.turn.as_ref().ok_or(Refusal::NobodyHolds)?;
        if turn.of != by {
            return Err(Refusal::NotYours(self.name_of(turn.of)));
        }
        if self.waits(to) { Ok(()) } else { Err(Refusal::NotWaiting) }
    }

    fn held_by(&self, id: ParticipantId) -> Refusal {
        match self.kind_of(id) {
            Some(Kind::Agent) => Refusal::HeldByAgent(self.name_of(id)),
            _ => Refusal::HeldByPerson(self.name_of(id)),
        }
    }

    fn holds(&self, id: ParticipantId) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.of == id)
    }

    fn waits(&self, id: ParticipantId) -> bool {
        self.waiting.iter().any(|request| request.by == id)
    }

    fn kind_of(&self, id: ParticipantId) -> Option<Kind> {
        self.here.get(&id).map(Participant::kind)
    }

    fn name_of(&self, id: ParticipantId) -> String {
        self.here.get(&id).map_or_else(|| "somebody".to_owned(), |participant| participant.name().to_owned())
    }
}

#[cfg(test)]
mod tests;
