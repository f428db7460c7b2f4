//! What all outputs share: the time, the host, and the way out for actions.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_frame::ScanoutId;

use crate::output::{Ask, Claim};
use crate::{Action, Counters, Purpose, Refusal, Ticket, Timing};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) timing: Timing,
    pub(crate) counters: Counters,
    pub(crate) actions: VecDeque<Action>,
    /// Why the host cannot be asked.
    pub(crate) host_lost: Option<String>,
    tickets: u64,
    /// What the host was asked about, in its order, as far as the guest has not noticed.
    pub(crate) unnoticed: VecDeque<ScanoutId>,
}

impl World {
    pub(crate) fn new(timing: Timing) -> Self {
        Self {
            now: Duration::ZERO,
            timing,
            counters: Counters::default(),
            actions: VecDeque::new(),
            host_lost: Some("not connected yet".to_owned()),
            tickets: 0,
            unnoticed: VecDeque::new(),
        }
    }

    pub(crate) fn plug(&mut self, scanout: ScanoutId, claim: &Claim, purpose: Purpose) -> Ask {
        if self.host_lost.is_some() {
            return Ask::HostLost;
        }
        match purpose {
            Purpose::Request => {}
            Purpose::Nudge => self.counters.nudges += 1,
            Purpose::Again => self.counters.replugged += 1,
        }
        let ticket = self.ask(scanout);
        let (size, token) = (claim.wish.size, claim.wish.token);
        self.actions.push_back(Action::Plug { ticket, scanout, size, token, purpose });
        Ask::Sent(ticket)
    }

    pub(crate) fn unplug(&mut self, scanout: ScanoutId) -> Ask {
        if self.host_lost.is_some() {
            return Ask::HostLost;
        }
        let ticket = self.ask(scanout);
        self.actions.push_back(Action::Unplug { ticket, scanout });
        Ask::Sent(ticket)
    }

    pub(crate) fn lease(&mut self, scanout: ScanoutId, claim: &Claim) -> Ticket {
        let ticket = self.ticket();
        let (size, light_crtc) = (claim.wish.size, claim.wish.light_crtc);
        self.actions.push_back(Action::Lease { ticket, scanout, size, light_crtc });
        ticket
    }

    pub(crate) fn grant(&mut self, scanout: ScanoutId, claim: &Claim) {
        self.counters.granted += 1;
        self.actions.push_back(Action::Grant { client: claim.client, scanout, token: claim.wish.token });
    }

    pub(crate) fn refuse(&mut self, claim: &Claim, refusal: Refusal) {
        self.counters.refused += 1;
        self.actions.push_back(Action::Refuse { client: claim.client, refusal });
    }

    pub(crate) fn revoke(&mut self, scanout: ScanoutId) {
        self.actions.push_back(Action::Revoke { scanout });
    }

    fn ask(&mut self, scanout: ScanoutId) -> Ticket {
        self.unnoticed.retain(|other| *other != scanout);
        self.unnoticed.push_back(scanout);
        self.ticket()
    }

    /// What to tell a client for whom the host did nothing in time.
    pub(crate) fn host_too_late(&self) -> Refusal {
        self.host_lost.clone().map_or(Refusal::HostSilent, Refusal::HostLost)
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }
}
