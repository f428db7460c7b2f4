//! Dials: asked for, waiting, answered, failed.

use std::time::Duration;

use super::{AnswerError, DialError, DialId, Event, Exchange, LinkId};
use crate::id::{DialerId, Owner, RequestId, RunnerId};
use crate::line::Message;
use crate::path::ConnPath;
use crate::timing::PICKUP;

#[derive(Debug)]
pub(super) struct Dial {
    runner: RunnerId,
    until: Duration,
    asked: Option<Asked>,
    /// How often it was asked for.
    tries: u32,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    link: LinkId,
    request: RequestId,
    by: Duration,
}

/// A dial is asked for again once.
const TRIES: u32 = 2;

impl Dial {
    pub(super) fn deadline(&self) -> Duration {
        self.asked.map_or(self.until, |asked| asked.by.min(self.until))
    }
}

impl Exchange {
    /// Asks for a connection to a runner, to be there at the moment `until`. Ends by [`Self::answer`] or by
    /// [`Event::Failed`], once.
    ///
    /// # Errors
    /// When there is no hope.
    pub fn dial(&mut self, now: Duration, runner: &RunnerId, until: Duration) -> Result<DialId, DialError> {
        let known = self.known.get(runner).ok_or_else(|| DialError::NotConnected(runner.clone()))?;
        let asked = known.active.and_then(|link| self.links.get(&link)).map(|link| link.asked);
        match asked {
            Some(asked) if asked >= self.limits.asked => return Err(DialError::Busy(runner.clone(), asked)),
            None if known.active.is_none() && known.missed_since.is_none() => {
                return Err(DialError::NotConnected(runner.clone()));
            }
            None if known.waiting.len() >= self.limits.waiting => {
                return Err(DialError::TooManyWait(runner.clone(), known.waiting.len()));
            }
            _ => {}
        }
        let id = DialId(self.number());
        self.dials.insert(id, Dial { runner: runner.clone(), until, asked: None, tries: 0 });
        self.ask_or_wait(now, id);
        Ok(id)
    }

    /// Nobody wants this connection any more.
    pub fn cancel(&mut self, dial: DialId) {
        self.take(dial);
    }

    /// A data channel came, from `owner`. The dial that it answers has ended.
    ///
    /// # Errors
    /// When it is to be refused.
    pub fn answer(&mut self, now: Duration, owner: &Owner, path: ConnPath) -> Result<DialId, AnswerError> {
        let ConnPath { dialer, request } = path;
        let link = self.link_of(dialer, owner)?;
        self.heard(now, link);
        let dial = self.requests.get(&request).copied().ok_or(AnswerError::UnknownRequest)?;
        let asked = self.dials.get(&dial).and_then(|dial| dial.asked);
        if asked.is_none_or(|asked| asked.link != link) {
            return Err(AnswerError::UnknownRequest);
        }
        self.take(dial);
        Ok(dial)
    }

    fn link_of(&self, dialer: DialerId, owner: &Owner) -> Result<LinkId, AnswerError> {
        let id = self.dialers.get(&dialer).copied().ok_or(AnswerError::UnknownDialer)?;
        let link = self.links.get(&id).ok_or(AnswerError::UnknownDialer)?;
        if link.who.owner == *owner { Ok(id) } else { Err(AnswerError::NotTheirs) }
    }

    /// The runner says that it could not open a data channel.
    pub(super) fn not_picked_up(&mut self, now: Duration, link: LinkId, request: RequestId, why: &str) {
        let dial = self.requests.get(&request).copied();
        let Some(dial) = dial.filter(|dial| self.is_asked_of(*dial, link)) else { return };
        self.once_more(now, dial, why);
    }

    /// What was asked for over a channel that is lost.
    pub(super) fn wait_again(&mut self, now: Duration, link: LinkId) {
        let ids: Vec<DialId> = self.dials.keys().copied().filter(|dial| self.is_asked_of(*dial, link)).collect();
        ids.into_iter().for_each(|dial| self.once_more(now, dial, "its control channel was lost"));
    }

    /// Asks for all that wait, as far as the runner takes it.
    pub(super) fn ask_for_waiting(&mut self, now: Duration, runner: &RunnerId) {
        let waiting = self.known.get_mut(runner).map(|known| std::mem::take(&mut known.waiting)).unwrap_or_default();
        waiting.into_iter().for_each(|dial| self.ask_or_wait(now, dial));
    }

    pub(super) fn tick_dials(&mut self, now: Duration) {
        let due: Vec<DialId> =
            self.dials.iter().filter(|(_, dial)| dial.deadline() <= now).map(|(id, _)| *id).collect();
        for id in due {
            let Some(dial) = self.dials.get(&id) else { continue };
            if dial.until <= now {
                let error = DialError::TimedOut(dial.runner.clone());
                self.fail(id, error);
            } else {
                self.once_more(now, id, "it did not open the connection in time");
            }
        }
    }

    pub(super) fn fail(&mut self, id: DialId, error: DialError) {
        if self.take(id).is_some() {
            self.events.push_back(Event::Failed(id, error));
        }
    }

    fn is_asked_of(&self, dial: DialId, link: LinkId) -> bool {
        self.dials.get(&dial).and_then(|dial| dial.asked).is_some_and(|asked| asked.link == link)
    }

    fn once_more(&mut self, now: Duration, id: DialId, why: &str) {
        self.forget_request(id);
        let Some(dial) = self.dials.get(&id) else { return };
        if dial.tries < TRIES {
            self.ask_or_wait(now, id);
        } else {
            let error = DialError::Refused { runner: dial.runner.clone(), why: why.to_owned() };
            self.fail(id, error);
        }
    }

    fn ask_or_wait(&mut self, now: Duration, id: DialId) {
        let request = RequestId::new((self.dice)());
        let Some(dial) = self.dials.get_mut(&id) else { return };
        let Some(known) = self.known.get_mut(&dial.runner) else {
            let error = DialError::NotConnected(dial.runner.clone());
            return self.fail(id, error);
        };
        let active = known.active.and_then(|link| Some((link, self.links.get_mut(&link)?)));
        match active {
            Some((link, active)) if active.asked < self.limits.asked => {
                active.asked += 1;
                dial.tries += 1;
                dial.asked = Some(Asked { link, request, by: now + PICKUP });
                let path = ConnPath { dialer: active.dialer, request };
                self.requests.insert(request, id);
                self.events.push_back(Event::Send(link, Message::ConnReady(path.to_string()).encode()));
                self.want_proof(now, link);
            }
            _ if known.waiting.len() < self.limits.waiting => known.waiting.push_back(id),
            _ => {
                let error = DialError::TooManyWait(dial.runner.clone(), known.waiting.len());
                self.fail(id, error);
            }
        }
    }

    /// Forgets the id under which it was asked for.
    fn forget_request(&mut self, id: DialId) {
        let Some(asked) = self.dials.get_mut(&id).and_then(|dial| dial.asked.take()) else { return };
        self.requests.remove(&asked.request);
        if let Some(link) = self.links.get_mut(&asked.link) {
            link.asked = link.asked.saturating_sub(1);
        }
    }

    fn take(&mut self, id: DialId) -> Option<Dial> {
        self.forget_request(id);
        let dial = self.dials.remove(&id)?;
        if let Some(known) = self.known.get_mut(&dial.runner) {
            known.waiting.retain(|waiting| *waiting != id);
        }
        Some(dial)
    }
}
