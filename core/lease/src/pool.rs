//! All outputs, who waits for one, and the order in which they are used.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_frame::{ScanoutId, Size};

use crate::output::{Claim, Event, Output};
use crate::world::World;
use crate::{Action, ClientId, Counters, Input, Refusal, Stage, Timing, Wish};

/// The outputs of all cards, as leases.
#[derive(Debug)]
pub struct Pool {
    outputs: Vec<Output>,
    /// Freed first, used first: what is late about an output that was freed just now does not meet its next owner.
    free: VecDeque<ScanoutId>,
    /// Who waits for an output that is on its way back; never more than those.
    queue: VecDeque<Claim>,
    world: World,
    closing: bool,
}

/// One output, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputView {
    /// The output.
    pub scanout: ScanoutId,
    /// Where it is in its life.
    pub stage: Stage,
    /// Who wants or has it, in which size, and since when.
    pub owner: Option<(ClientId, Size, Duration)>,
}

impl Pool {
    /// The largest side of an output.
    pub const MOST_PIXELS: u32 = 8192;

    /// A pool of these outputs; those that are connected already are unplugged before they are used.
    pub fn new(outputs: impl IntoIterator<Item = (ScanoutId, bool)>, timing: Timing) -> Self {
        let new = |(scanout, connected)| {
            if connected { Output::found_connected(scanout) } else { Output::free(scanout) }
        };
        let outputs: Vec<_> = outputs.into_iter().map(new).collect();
        let free = outputs.iter().filter(|output| output.stage() == Stage::Free).map(|output| output.scanout).collect();
        Self { outputs, free, queue: VecDeque::new(), world: World::new(timing), closing: false }
    }

    /// Takes what happened. `now` counts from any start, and never back.
    pub fn handle_input(&mut self, now: Duration, input: Input) {
        self.world.now = self.world.now.max(now);
        match input {
            Input::Requested(client, wish) => self.request(client, wish),
            Input::Restored(client, scanout, wish) => self.restore(client, scanout, wish),
            Input::Released(client, scanout) => self.release(client, scanout),
            Input::Gone(client) => self.gone(client),
            Input::Plugged(ticket, answer) => self.all(&Event::Plugged(ticket, &answer)),
            Input::Unplugged(ticket, answer) => self.all(&Event::Unplugged(ticket, &answer)),
            Input::Leased(ticket, answer) => self.all(&Event::Leased(ticket, &answer)),
            Input::Connector(scanout, connected) => self.one(scanout, &Event::Connector(connected)),
            Input::Looked(scanouts) => self.looked(&scanouts),
            Input::HostLost(why) => self.lose_host(why),
            Input::HostBack => {
                self.world.host_lost = None;
                self.all(&Event::HostBack);
            }
            Input::Closing => self.close(),
            Input::Tick => self.tick(),
        }
        self.serve_queue();
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.world.actions.pop_front()
    }

    /// When [`Input::Tick`] is due.
    #[must_use]
    pub fn next_tick(&self) -> Option<Duration> {
        let waiting = self.queue.iter().map(|claim| claim.deadline);
        self.outputs.iter().filter_map(Output::next_tick).chain(waiting).min()
    }

    /// The outputs whose connector matters now: feed [`Input::Connector`] with what the guest says about them.
    pub fn awaited(&self) -> impl Iterator<Item = ScanoutId> {
        self.outputs.iter().filter(|output| output.is_awaited()).map(|output| output.scanout)
    }

    /// Whether nothing is left to be done, as far as the host lets it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let done = |output: &Output| match output.stage() {
            Stage::Free | Stage::Settling | Stage::Quarantined => true,
            Stage::Draining => self.world.host_lost.is_some(),
            _ => false,
        };
        self.queue.is_empty() && self.outputs.iter().all(done)
    }

    /// Why the host cannot be asked, when it cannot.
    #[must_use]
    pub fn host_lost(&self) -> Option<&str> {
        self.world.host_lost.as_deref()
    }

    /// Every output, for people.
    pub fn outputs(&self) -> impl Iterator<Item = OutputView> {
        self.outputs.iter().map(|output| OutputView {
            scanout: output.scanout,
            stage: output.stage(),
            owner: output.claim().map(|claim| (claim.client, claim.wish.size, claim.since)),
        })
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.world.counters
    }

    fn request(&mut self, client: ClientId, wish: Wish) {
        if self.owns(client).is_some() || self.queue.iter().any(|claim| claim.client == client) {
            return;
        }
        self.world.counters.requested += 1;
        let since = self.world.now;
        let claim = Claim { client, wish, since, deadline: since + self.world.timing.answer };
        let on_their_way = self.outputs.iter().filter(|output| output.is_returning()).count();
        let Size { width, height } = wish.size;
        if self.closing {
            self.world.refuse(&claim, Refusal::Closing);
        } else if !(1..=Self::MOST_PIXELS).contains(&width) || !(1..=Self::MOST_PIXELS).contains(&height) {
            self.world.refuse(&claim, Refusal::Size(wish.size));
        } else if self.queue.len() < self.free.len() + on_their_way {
            self.queue.push_back(claim);
        } else {
            self.world.refuse(&claim, Refusal::NoneFree(self.outputs.len()));
        }
    }

    fn restore(&mut self, client: ClientId, scanout: ScanoutId, wish: Wish) {
        if self.owns(client).is_some() {
            return;
        }
        let since = self.world.now;
        self.one(scanout, &Event::Restored(Claim { client, wish, since, deadline: since }));
        if self.owns(client).is_some() {
            self.free.retain(|free| *free != scanout);
        }
    }

    fn release(&mut self, client: ClientId, scanout: ScanoutId) {
        let leased = |output: &&Output| output.stage() == Stage::Leased && output.scanout == scanout;
        if self.owns(client).filter(leased).is_some() {
            self.one(scanout, &Event::Dropped);
        } else {
            self.world.counters.foreign_releases += 1;
        }
    }

    fn gone(&mut self, client: ClientId) {
        self.queue.retain(|claim| claim.client != client);
        if let Some(scanout) = self.owns(client).map(|output| output.scanout) {
            self.one(scanout, &Event::Dropped);
        }
    }

    /// The host does one thing after the other, and the guest looks after each: so the first look at a card is for the
    /// first of its outputs. It sees what is plugged later, too, or it does not; nobody says.
    fn looked(&mut self, scanouts: &[ScanoutId]) {
        let awaited: Vec<_> = self.awaited().collect();
        self.world.unnoticed.retain(|scanout| awaited.contains(scanout));
        let first = self.world.unnoticed.iter().position(|scanout| scanouts.contains(scanout));
        let first = first.and_then(|place| self.world.unnoticed.remove(place));
        for scanout in scanouts {
            self.one(*scanout, &Event::Looked(first));
        }
    }

    fn lose_host(&mut self, why: String) {
        if self.world.host_lost.replace(why).is_none() {
            self.world.counters.host_losses += 1;
        }
        self.all(&Event::HostLost);
    }

    fn close(&mut self) {
        self.closing = true;
        for claim in self.queue.drain(..) {
            self.world.refuse(&claim, Refusal::Closing);
        }
        for output in &self.outputs {
            if let Some(claim) = output.claim().filter(|_| output.stage() != Stage::Leased) {
                self.world.refuse(claim, Refusal::Closing);
            }
        }
        self.all(&Event::Dropped);
    }

    fn tick(&mut self) {
        let now = self.world.now;
        let refusal = match &self.world.host_lost {
            Some(why) => Refusal::HostLost(why.clone()),
            None => Refusal::NoneFree(self.outputs.len()),
        };
        let (late, waiting): (VecDeque<_>, _) = self.queue.drain(..).partition(|claim| now >= claim.deadline);
        self.queue = waiting;
        for claim in late {
            self.world.refuse(&claim, refusal.clone());
        }
        self.all(&Event::Tick);
    }

    fn serve_queue(&mut self) {
        while let Some(scanout) = self.free.front().copied() {
            let Some(claim) = self.queue.pop_front() else { return };
            self.free.pop_front();
            self.one(scanout, &Event::Claimed(claim));
        }
    }

    fn owns(&self, client: ClientId) -> Option<&Output> {
        self.outputs.iter().find(|output| output.claim().is_some_and(|claim| claim.client == client))
    }

    fn all(&mut self, event: &Event<'_>) {
        for output in &mut self.outputs {
            step(output, event, &mut self.world, &mut self.free);
        }
    }

    fn one(&mut self, scanout: ScanoutId, event: &Event<'_>) {
        if let Some(output) = self.outputs.iter_mut().find(|output| output.scanout == scanout) {
            step(output, event, &mut self.world, &mut self.free);
        }
    }
}

/// The one place where an output becomes free.
fn step(output: &mut Output, event: &Event<'_>, world: &mut World, free: &mut VecDeque<ScanoutId>) {
    let before = output.stage();
    output.step(event, world);
    if before != Stage::Free && output.stage() == Stage::Free {
        free.push_back(output.scanout);
    }
}
