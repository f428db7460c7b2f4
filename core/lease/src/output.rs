//! One output: the machine that the crate's page draws.

use std::mem;
use std::time::Duration;

use lunette_frame::ScanoutId;

use crate::world::World;
use crate::{ClientId, Purpose, Refusal, Ticket, Wish};

/// Who wants or has an output.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) client: ClientId,
    pub(crate) wish: Wish,
    pub(crate) since: Duration,
    pub(crate) deadline: Duration,
}

/// How far the host is with what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Not asked; will be when it is back.
    HostLost,
    Sent(Ticket),
    Done,
    /// To be asked again then.
    Again(Duration),
}

#[derive(Debug)]
enum State {
    Free,
    Enabling(Claim, Ask),
    Waiting(Claim, Ask),
    Leasing(Claim, Ask, Ticket),
    Abandoned(Ticket),
    Leased(Claim, Ask),
    /// With the refusals so far.
    Draining(Ask, u32),
    Settling(Duration),
    Quarantined(Duration, u32),
}

/// Where an output is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In the pool.
    Free,
    /// The host is asked to plug it.
    Enabling,
    /// The host has plugged it, the guest has not seen it yet.
    Waiting,
    /// The kernel is asked for the lease.
    Leasing,
    /// As before, but its client does not wait any more.
    Abandoned,
    /// A client has it.
    Leased,
    /// The host is asked to unplug it.
    Draining,
    /// The host has unplugged it, the guest has not seen it yet.
    Settling,
    /// The host would not unplug it.
    Quarantined,
}

impl Stage {
    /// The stage in one lower-case word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Enabling => "enabling",
            Self::Waiting => "waiting",
            Self::Leasing => "leasing",
            Self::Abandoned => "abandoned",
            Self::Leased => "leased",
            Self::Draining => "draining",
            Self::Settling => "settling",
            Self::Quarantined => "quarantined",
        }
    }
}

/// An input, as far as it concerns this output.
#[derive(Debug, Clone)]
pub(crate) enum Event<'a> {
    Claimed(Claim),
    Restored(Claim),
    Dropped,
    Plugged(Ticket, &'a Result<(), String>),
    Unplugged(Ticket, &'a Result<(), String>),
    Connector(bool),
    /// And the output that has waited longest for that.
    Looked(Option<ScanoutId>),
    Leased(Ticket, &'a Result<(), String>),
    HostLost,
    HostBack,
    Tick,
}

#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) scanout: ScanoutId,
    state: State,
    /// What the guest's kernel said since the output was claimed, or given up.
    connected: Option<bool>,
    /// Whether the guest has noticed what the host was asked for last.
    noticed: bool,
}

impl Output {
    pub(crate) fn free(scanout: ScanoutId) -> Self {
        Self { scanout, state: State::Free, connected: None, noticed: false }
    }

    /// An output of which nobody knows who plugged it.
    pub(crate) fn found_connected(scanout: ScanoutId) -> Self {
        Self { state: State::Draining(Ask::HostLost, 0), ..Self::free(scanout) }
    }

    pub(crate) fn step(&mut self, event: &Event<'_>, world: &mut World) {
        match event {
            Event::Connector(connected) => {
                self.noticed |= self.connected == Some(!connected);
                self.connected = Some(*connected);
            }
            // After the host's answer any look has seen it; before, only the look that is its own.
            Event::Looked(first) => self.noticed |= !self.is_asked() || *first == Some(self.scanout),
            _ => {}
        }
        let state = mem::replace(&mut self.state, State::Free);
        self.state = self.next(state, event, world);
    }

    fn next(&mut self, state: State, event: &Event<'_>, world: &mut World) -> State {
        use State::{Abandoned, Draining, Enabling, Free, Leased, Leasing, Quarantined, Settling, Waiting};
        let (id, now, timing) = (self.scanout, world.now, world.timing);
        match (state, event) {
            (Free, Event::Claimed(claim)) => {
                self.connected = None;
                Enabling(claim.clone(), self.plug(claim, Purpose::Request, world))
            }

            (Free | Draining(Ask::HostLost, _), Event::Restored(claim)) => {
                world.counters.restored += 1;
                Leased(claim.clone(), world.plug(id, claim, Purpose::Again))
            }

            (Enabling(claim, Ask::Sent(asked)), Event::Plugged(ticket, answer)) if asked == *ticket => match answer {
                Ok(()) if self.noticed => Leasing(claim.clone(), Ask::Done, world.lease(id, &claim)),
                Ok(()) => Waiting(claim, Ask::Again(now + timing.nudge)),
                Err(why) => self.refuse(&claim, Refusal::Host(why.clone()), world),
            },
            (Enabling(claim, _) | Waiting(claim, _), Event::HostLost) => Enabling(claim, Ask::HostLost),
            (Enabling(claim, Ask::HostLost), Event::HostBack) => {
                let ask = self.plug(&claim, Purpose::Request, world);
                Enabling(claim, ask)
            }
            (Enabling(claim, _), Event::Tick) if now >= claim.deadline => {
                self.refuse(&claim, world.host_too_late(), world)
            }

            (Waiting(claim, ask), Event::Connector(_) | Event::Looked(_)) if self.noticed => {
                let ticket = world.lease(id, &claim);
                let ask = if matches!(ask, Ask::Again(_)) { Ask::Done } else { ask };
                Leasing(claim, ask, ticket)
            }
            (Waiting(claim, _), Event::Tick) if now >= claim.deadline => {
                self.refuse(&claim, Refusal::NeverConnected, world)
            }
            (Waiting(claim, Ask::Again(at)), Event::Tick) if now >= at => {
                let ask = self.plug(&claim, Purpose::Nudge, world);
                Waiting(claim, ask)
            }
            // A nudge that the host refuses is no worse than none.
            (Waiting(claim, Ask::Sent(asked)), Event::Plugged(ticket, _)) if asked == *ticket => {
                Waiting(claim, Ask::Again(now + timing.nudge))
            }

            (Leasing(claim, ask, asked), Event::Leased(ticket, answer)) if asked == *ticket => match answer {
                Ok(()) => {
                    world.grant(id, &claim);
                    Leased(claim, ask)
                }
                Err(why) => self.refuse(&claim, Refusal::Lease(why.clone()), world),
            },
            (Leasing(claim, _, asked), Event::Tick) if now >= claim.deadline => {
                world.refuse(&claim, Refusal::LeaseSlow);
                Abandoned(asked)
            }
            (Abandoned(asked), Event::Leased(ticket, answer)) if asked == *ticket => {
                if answer.is_ok() {
                    world.revoke(id);
                }
                self.drain(world)
            }

            (Enabling(..) | Waiting(..), Event::Dropped) => self.drain(world),
            (Leasing(_, _, asked), Event::Dropped) => Abandoned(asked),
            (Leased(..), Event::Dropped) => {
                world.counters.ended += 1;
                world.revoke(id);
                self.drain(world)
            }
            (Leasing(claim, ask, ticket), event) => {
                let ask = keep_plugged(id, &claim, ask, event, world);
                Leasing(claim, ask, ticket)
            }
            (Leased(claim, ask), event) => {
                let ask = keep_plugged(id, &claim, ask, event, world);
                Leased(claim, ask)
            }

            (Draining(Ask::Sent(asked), failures), Event::Unplugged(ticket, answer)) if asked == *ticket => {
                match answer {
                    Ok(()) if self.noticed => Free,
                    Ok(()) => Settling(now + timing.settle),
                    Err(_) => {
                        world.counters.failed_unplugs += 1;
                        Quarantined(now + timing.pause(failures), failures.saturating_add(1))
                    }
                }
            }
            (Draining(_, failures), Event::HostLost) => Draining(Ask::HostLost, failures),
            (Draining(Ask::HostLost, failures), Event::HostBack) => Draining(self.unplug(world), failures),
            (Quarantined(at, failures), Event::Tick) if now >= at => Draining(self.unplug(world), failures),
            (Settling(_), Event::Connector(_) | Event::Looked(_)) if self.noticed => Free,
            (Settling(until), Event::Tick) if now >= until => {
                world.counters.slow_unplugs += 1;
                Free
            }
            (state, _) => state,
        }
    }

    fn refuse(&mut self, claim: &Claim, refusal: Refusal, world: &mut World) -> State {
        world.refuse(claim, refusal);
        self.drain(world)
    }

    fn drain(&mut self, world: &mut World) -> State {
        self.connected = None;
        State::Draining(self.unplug(world), 0)
    }

    fn plug(&mut self, claim: &Claim, purpose: Purpose, world: &mut World) -> Ask {
        self.noticed = false;
        world.plug(self.scanout, claim, purpose)
    }

    fn unplug(&mut self, world: &mut World) -> Ask {
        self.noticed = false;
        world.unplug(self.scanout)
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.state {
            State::Free => Stage::Free,
            State::Enabling(..) => Stage::Enabling,
            State::Waiting(..) => Stage::Waiting,
            State::Leasing(..) => Stage::Leasing,
            State::Abandoned(_) => Stage::Abandoned,
            State::Leased(..) => Stage::Leased,
            State::Draining(..) => Stage::Draining,
            State::Settling(_) => Stage::Settling,
            State::Quarantined(..) => Stage::Quarantined,
        }
    }

    pub(crate) fn claim(&self) -> Option<&Claim> {
        match &self.state {
            State::Enabling(claim, _)
            | State::Waiting(claim, _)
            | State::Leasing(claim, ..)
            | State::Leased(claim, _) => Some(claim),
            _ => None,
        }
    }

    /// Whether what the guest says about its connector decides what comes next.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(self.state, State::Waiting(..) | State::Settling(_)) || self.is_asked()
    }

    /// Whether the host has not yet said that it did it.
    fn is_asked(&self) -> bool {
        matches!(self.state, State::Enabling(_, Ask::Sent(_)) | State::Draining(Ask::Sent(_), _))
    }

    /// Whether the pool may soon have it back.
    pub(crate) fn is_returning(&self) -> bool {
        matches!(self.state, State::Draining(..) | State::Settling(_) | State::Abandoned(_))
    }

    /// When it needs a tick.
    pub(crate) fn next_tick(&self) -> Option<Duration> {
        match &self.state {
            State::Enabling(claim, _) | State::Leasing(claim, ..) => Some(claim.deadline),
            State::Waiting(claim, Ask::Again(at)) => Some(claim.deadline.min(*at)),
            State::Waiting(claim, _) => Some(claim.deadline),
            State::Leased(_, Ask::Again(at)) | State::Settling(at) | State::Quarantined(at, _) => Some(*at),
            State::Free | State::Abandoned(_) | State::Leased(..) | State::Draining(..) => None,
        }
    }
}

/// Sees to it that the host, which may forget or refuse, knows of a lease.
fn keep_plugged(id: ScanoutId, claim: &Claim, ask: Ask, event: &Event<'_>, world: &mut World) -> Ask {
    match (ask, event) {
        (_, Event::HostLost) => Ask::HostLost,
        (Ask::HostLost, Event::HostBack) => world.plug(id, claim, Purpose::Again),
        (Ask::Again(at), Event::Tick) if world.now >= at => world.plug(id, claim, Purpose::Again),
        (Ask::Sent(asked), Event::Plugged(ticket, answer)) if asked == *ticket => match answer {
            Ok(()) => Ask::Done,
            Err(_) => Ask::Again(world.now + world.timing.retry),
        },
        (ask, _) => ask,
    }
}
