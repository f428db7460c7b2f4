//! The state of a client.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use lunette_frame::{Size, UnitKind};
use lunette_wire::hxfr::{
    Authorize, ConfigRequest, ErrorCode, ErrorReply, FrameResponse, Message, Received, SessionId,
};

use crate::{Body, Offer, Output, Reconnect, Request, Settings, Taken, Trouble};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Until then.
    Waiting(Duration),
    Dialling,
    Up,
    Failed,
}

#[derive(Debug)]
struct Flying {
    offer: Offer,
    body: Body,
    since: Duration,
    /// Nobody waits for it any more; its answer still comes.
    abandoned: bool,
}

/// One host as a remote encoder. Times are those of the driver's clock, whatever that starts at.
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    config: ConfigRequest,
    link: Link,
    failures: u32,
    /// Answers in a row that were an ERROR.
    errors: u32,
    next: Option<Offer>,
    flying: VecDeque<Flying>,
    /// The size of the newest request on this connection.
    sent: Option<Size>,
    /// The newest answer said that tiles are enough.
    kept: bool,
    /// The newest answer said that it could be finer.
    coarse: bool,
    /// The newest picture was requested, and not lost.
    current: bool,
    needs_keyframe: bool,
    /// Whoever takes the pictures has one that the next may refer to.
    synced: bool,
    since_keyframe: u32,
    resources: bool,
    outputs: VecDeque<Output>,
}

impl Client {
    /// The session of FRAME_REQUESTs; everything else has another, so that an ERROR tells what it is about.
    pub const SESSION: SessionId = SessionId::new(1);

    /// A client that connects at once.
    #[must_use]
    pub fn new(settings: Settings, config: ConfigRequest, now: Duration) -> Self {
        Self {
            settings,
            config,
            link: Link::Waiting(now),
            failures: 0,
            errors: 0,
            next: None,
            flying: VecDeque::new(),
            sent: None,
            kept: false,
            coarse: false,
            current: false,
            needs_keyframe: true,
            synced: false,
            since_keyframe: 0,
            resources: true,
            outputs: VecDeque::new(),
        }
    }

    /// Whether an offer waits to be requested: the driver's picture must not change meanwhile.
    #[must_use]
    pub const fn has_offer(&self) -> bool {
        self.next.is_some()
    }

    /// Whether every picture came back or was dropped.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.next.is_none() && self.flying.iter().all(|flying| flying.abandoned)
    }

    /// Whether it failed for good.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        matches!(self.link, Link::Failed)
    }

    /// Whether it is connected.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.link, Link::Up)
    }

    /// Requests that wait for their answers.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flying.len()
    }

    /// Whether the host keeps pictures, so that tiles travel.
    #[must_use]
    pub const fn sends_tiles(&self) -> bool {
        self.kept
    }

    /// Whether naming a resource may be enough.
    #[must_use]
    pub const fn wants_resources(&self) -> bool {
        self.resources
    }

    /// Takes the driver's newest picture. One that still waits is dropped in its favour.
    pub fn offer(&mut self, offer: Offer, now: Duration) -> Taken {
        let retried = self.next.take();
        let finer = self.coarse && self.flying.is_empty();
        let due = offer.changed || offer.force_keyframe || self.needs_keyframe || finer || !self.current;
        self.outputs.extend(retried.map(|offer| Output::Drop(offer.ticket)));
        if !due {
            return Taken::Unchanged;
        }
        self.current = false;
        self.next = Some(offer);
        self.pump(now);
        Taken::Later
    }

    /// Tells the host another size, rate or ceiling.
    pub fn configure(&mut self, config: ConfigRequest) {
        self.config = config;
        if self.link == Link::Up {
            self.send(&Message::ConfigRequest(config));
        }
    }

    /// Forgets what it has: nobody waits for it. What comes next is a keyframe.
    pub fn flush(&mut self) {
        self.next = None;
        self.current = false;
        (self.needs_keyframe, self.synced) = (true, false);
        self.flying.iter_mut().for_each(|flying| flying.abandoned = true);
    }

    /// The connection that [`Output::Dial`] asked for is there.
    pub fn connected(&mut self, now: Duration) {
        if self.link != Link::Dialling {
            return;
        }
        self.link = Link::Up;
        if let Some(token) = self.settings.token {
            self.send(&Message::Authorize(Authorize { token }));
        }
        self.send(&Message::ConfigRequest(self.config));
        self.pump(now);
    }

    /// The connection is gone, or did not come about.
    pub fn lost(&mut self, trouble: Trouble, now: Duration) {
        if matches!(self.link, Link::Failed | Link::Waiting(_)) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        self.outputs.push_back(Output::Close);
        self.broken();
        (self.sent, self.errors, self.synced) = (None, 0, false);
        let mut lost: VecDeque<_> = self.flying.drain(..).collect();
        if self.next.is_none() && self.settings.reconnect == Reconnect::Always {
            let again = lost.back().is_some_and(|newest| !newest.abandoned);
            self.next = if again { lost.pop_back().map(|newest| newest.offer) } else { None };
        }
        let gone = lost.into_iter().filter(|flying| !flying.abandoned).map(|flying| flying.offer.ticket);
        self.outputs.extend(gone.map(Output::Drop));
        if self.settings.reconnect == Reconnect::Always {
            self.link = Link::Waiting(now + Settings::wait(self.failures));
            // One outage is one message.
            self.outputs.extend((self.failures == 1).then_some(Output::Warn(trouble)));
        } else {
            self.link = Link::Failed;
            self.outputs.extend(self.next.take().map(|offer| Output::Drop(offer.ticket)));
            self.outputs.push_back(Output::Fail(trouble));
        }
    }

    /// Takes a message of the host.
    pub fn receive(&mut self, received: Received, now: Duration) {
        match received.body {
            _ if self.link != Link::Up => {}
            Ok(Message::FrameResponse(response)) => self.answered(response, now),
            Ok(Message::Error(error)) if received.session == Self::SESSION => self.refused(error, now),
            Ok(Message::Error(error)) => self.outputs.push_back(Output::Warn(Trouble::Refused(error))),
            Ok(Message::Ping) => self.send_as(received.session, &Message::Pong),
            Ok(_) | Err(_) => {}
        }
    }

    /// When [`Client::handle_timeout`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.link {
            Link::Waiting(until) => Some(until),
            Link::Up => self.flying.front().map(|first| first.since + self.settings.timeout),
            Link::Dialling | Link::Failed => None,
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.link {
            Link::Waiting(_) => {
                self.link = Link::Dialling;
                self.outputs.push_back(Output::Dial);
            }
            Link::Up => self.lost(Trouble::Slow(self.settings.timeout), now),
            Link::Dialling | Link::Failed => {}
        }
    }

    /// What to do next; `None` until something else happened.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn answered(&mut self, response: FrameResponse, now: Duration) {
        let Some(flying) = self.flying.pop_front() else { return self.lost(Trouble::Unasked, now) };
        (self.failures, self.errors) = (0, 0);
        self.kept = response.kept && self.sent == Some(flying.offer.size);
        self.coarse = response.coarse;
        let ticket = flying.offer.ticket;
        if !flying.abandoned {
            self.synced |= response.kind == UnitKind::Idr;
            self.needs_keyframe |= !self.synced;
            self.outputs.push_back(if self.synced { Output::Deliver(ticket, response) } else { Output::Drop(ticket) });
        }
        self.go_on(now);
    }

    fn refused(&mut self, error: ErrorReply, now: Duration) {
        let Some(flying) = self.flying.pop_front() else { return self.lost(Trouble::Refused(error), now) };
        self.broken();
        let unreachable = matches!(flying.body, Body::Resource(_)) && error.code == ErrorCode::NotFound;
        if unreachable && std::mem::replace(&mut self.resources, false) {
            self.outputs.push_back(Output::Warn(Trouble::NoResources(error.clone())));
        } else if !unreachable {
            self.errors += 1;
            if self.errors == 1 {
                self.outputs.push_back(Output::Warn(Trouble::Refused(error.clone())));
            }
        }
        let Flying { offer, abandoned, .. } = flying;
        let newest = self.flying.is_empty() && self.next.is_none();
        match (abandoned, newest) {
            (true, _) => {}
            (false, true) => self.next = Some(offer),
            (false, false) => self.outputs.push_back(Output::Drop(offer.ticket)),
        }
        if self.errors >= Settings::PATIENCE {
            return self.lost(Trouble::Refused(error), now);
        }
        self.go_on(now);
    }

    /// The host does not have what the guest thinks it has.
    fn broken(&mut self) {
        (self.kept, self.coarse, self.current) = (false, false, false);
        self.needs_keyframe = true;
    }

    fn go_on(&mut self, now: Duration) {
        // A host that works on one request after another has its time for each.
        if let Some(first) = self.flying.front_mut() {
            first.since = now;
        }
        self.pump(now);
    }

    /// Requests what waits, if it may.
    fn pump(&mut self, now: Duration) {
        let most = self.settings.in_flight.clamp(1, Settings::MOST_IN_FLIGHT);
        if self.link != Link::Up || self.flying.len() >= most {
            return;
        }
        let Some(offer) = self.next.take() else { return };
        let body = match offer.resource.filter(|_| self.resources) {
            Some(resource) => Body::Resource(resource),
            None if self.kept && self.sent == Some(offer.size) => Body::Tiles,
            None => Body::Whole,
        };
        let interval = self.settings.keyframe_interval;
        let due = interval > 0 && self.since_keyframe >= interval;
        let force_keyframe = offer.force_keyframe || self.needs_keyframe || due;
        self.since_keyframe = if force_keyframe { 1 } else { self.since_keyframe + 1 };
        (self.needs_keyframe, self.current, self.sent) = (false, true, Some(offer.size));
        self.kept &= body == Body::Tiles;
        self.flying.push_back(Flying { offer: offer.clone(), body, since: now, abandoned: false });
        self.outputs.push_back(Output::Request(Request { offer, body, force_keyframe }));
    }

    fn send(&mut self, message: &Message) {
        self.send_as(SessionId::NONE, message);
    }

    fn send_as(&mut self, session: SessionId, message: &Message) {
        let mut bytes = BytesMut::new();
        // None of these messages has a size that could be too large.
        if message.encode(session, &mut bytes).is_ok() {
            self.outputs.push_back(Output::Send(bytes.freeze()));
        }
    }
}
