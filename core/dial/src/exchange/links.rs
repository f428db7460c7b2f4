//! Control channels: who comes, who is silent, who is lost.

use std::time::Duration;

use super::{CloseWhy, Event, Exchange, LinkId, RegisterError, Registration};
use crate::id::DialerId;
use crate::line::{Lines, Message};
use crate::path::ConnPath;
use crate::timing::{KEEP_ALIVE, PING, PROOF, SILENCE};

#[derive(Debug)]
pub(super) struct Link {
    pub(super) who: Registration,
    pub(super) dialer: DialerId,
    lines: Lines,
    heard: Duration,
    ping_at: Duration,
    line_at: Duration,
    /// By when it has to give a sign of life.
    proof_by: Option<Duration>,
    /// Dials that it was asked for.
    pub(super) asked: usize,
}

impl Link {
    pub(super) fn deadline(&self) -> Duration {
        let silent = self.heard + SILENCE;
        silent.min(self.ping_at).min(self.line_at).min(self.proof_by.unwrap_or(silent))
    }

    fn is_silent(&self, now: Duration) -> bool {
        self.heard + SILENCE <= now || self.proof_by.is_some_and(|by| by <= now)
    }
}

impl Exchange {
    /// A control channel was opened.
    ///
    /// # Errors
    /// When it is to be closed at once.
    pub fn register(&mut self, now: Duration, who: Registration) -> Result<LinkId, RegisterError> {
        if !self.known.contains_key(&who.runner) && self.known.len() >= self.limits.runners {
            return Err(RegisterError::Full(self.known.len()));
        }
        let known = self.known.entry(who.runner.clone()).or_default();
        let (active, challenger) = (known.active, known.challenger);
        let rival = active.filter(|active| {
            self.links.get(active).is_some_and(|link| {
                let instances = (link.who.instance, who.instance);
                let is_another = matches!(instances, (Some(theirs), Some(ours)) if theirs != ours);
                is_another || link.who.owner != who.owner
            })
        });
        if rival.is_some() && challenger.is_some() {
            return Err(RegisterError::Contested);
        }
        let id = self.open(now, who);
        match (rival, active) {
            (Some(rival), _) => self.challenge(now, id, rival),
            (None, Some(before)) => {
                self.activate(now, id);
                self.close(now, before, CloseWhy::Superseded);
            }
            (None, None) => self.activate(now, id),
        }
        Ok(id)
    }

    /// Anything came over it: bytes, a ping, a pong.
    pub fn heard(&mut self, now: Duration, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.heard = now;
        let proved = link.proof_by.take().is_some();
        let Some(known) = self.known.get_mut(&link.who.runner) else { return };
        if proved
            && known.active == Some(id)
            && let Some(challenger) = known.challenger.take()
        {
            self.close(now, challenger, CloseWhy::Contested);
        }
    }

    /// Bytes of the control channel came.
    pub fn bytes(&mut self, now: Duration, id: LinkId, bytes: &[u8]) {
        self.heard(now, id);
        let Some(link) = self.links.get_mut(&id) else { return };
        let mut failed = Vec::new();
        let read = link.lines.push(bytes, |message| {
            if let Message::PickupFailed { path, why } = message {
                failed.push((path, why));
            }
        });
        for (path, why) in failed {
            if let Ok(path) = path.parse::<ConnPath>() {
                self.not_picked_up(now, id, path.request, &why);
            }
        }
        if read.is_err() {
            self.close(now, id, CloseWhy::Broken);
        }
    }

    /// It is closed, or cannot be written to.
    pub fn lost(&mut self, now: Duration, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        self.dialers.remove(&link.dialer);
        let runner = link.who.runner;
        let Some(known) = self.known.get_mut(&runner) else { return };
        if known.challenger == Some(id) {
            known.challenger = None;
        }
        let was_active = known.active == Some(id);
        let next = if was_active { known.challenger.take() } else { None };
        if was_active {
            known.active = None;
            known.missed_since = Some(now);
        }
        self.wait_again(now, id);
        match next {
            Some(next) => self.activate(now, next),
            None if was_active => self.events.push_back(Event::Missed(runner)),
            None => {}
        }
    }

    pub(super) fn close(&mut self, now: Duration, id: LinkId, why: CloseWhy) {
        if self.links.contains_key(&id) {
            self.events.push_back(Event::Close(id, why));
            self.lost(now, id);
        }
    }

    pub(super) fn tick_links(&mut self, now: Duration) {
        let due: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.deadline() <= now).map(|(id, _)| *id).collect();
        for id in due {
            let Some(link) = self.links.get_mut(&id) else { continue };
            if link.is_silent(now) {
                self.close(now, id, CloseWhy::Silent);
                continue;
            }
            if link.ping_at <= now {
                link.ping_at = now + PING;
                self.events.push_back(Event::Ping(id));
            }
            if link.line_at <= now {
                link.line_at = now + KEEP_ALIVE;
                self.events.push_back(Event::Send(id, Message::KeepAlive.encode()));
            }
        }
    }

    /// Wants a sign of life from whoever has just been asked for something.
    pub(super) fn want_proof(&mut self, now: Duration, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id)
            && link.proof_by.is_none()
        {
            link.proof_by = Some(now + PROOF);
            link.ping_at = now + PING;
            self.events.push_back(Event::Ping(id));
        }
    }

    fn open(&mut self, now: Duration, who: Registration) -> LinkId {
        let (id, dialer) = (LinkId(self.number()), DialerId::new((self.dice)()));
        let link = Link {
            who,
            dialer,
            lines: Lines::default(),
            heard: now,
            ping_at: now + PING,
            line_at: now,
            proof_by: None,
            asked: 0,
        };
        self.links.insert(id, link);
        self.dialers.insert(dialer, id);
        id
    }

    fn challenge(&mut self, now: Duration, challenger: LinkId, active: LinkId) {
        let runner = self.links.get(&challenger).map(|link| link.who.runner.clone());
        if let Some(known) = runner.and_then(|runner| self.known.get_mut(&runner)) {
            known.challenger = Some(challenger);
        }
        if let Some(link) = self.links.get_mut(&active) {
            // What was heard before the challenge proves nothing.
            link.proof_by = None;
        }
        self.want_proof(now, active);
    }

    fn activate(&mut self, now: Duration, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.line_at = now + KEEP_ALIVE;
        let runner = link.who.runner.clone();
        let Some(known) = self.known.get_mut(&runner) else { return };
        known.active = Some(id);
        known.missed_since = None;
        self.events.push_back(Event::Send(id, Message::KeepAlive.encode()));
        self.events.push_back(Event::Up(runner.clone()));
        self.ask_for_waiting(now, &runner);
    }
}
