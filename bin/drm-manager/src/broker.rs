//! Owns all state: feeds the pool with what happens, and does what it says.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use lunette_frame::ScanoutId;
use lunette_lease::{Action, ClientId, Input, Pool, Purpose, Stage, Ticket, Wish};
use lunette_wire::Token;
use lunette_wire::lease::Request;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::Instant;

use crate::book::Book;
use crate::cards::{CardError, Cards, Connector, Lessee, Light, NewLease};
use crate::client::{self, Answer, Asked, Ended};
use crate::config::Config;
use crate::host::{News, Order, Unless, What};
use crate::inherit::inherit;
use crate::kept::{Found, Kept};
use crate::peer::Peer;
use crate::service::Service;
use crate::status::{CounterStatus, Doors, HostStatus, OutputStatus, OwnerStatus, Status};

/// The kernel's answer to a request for a lease.
pub(crate) type Made = (Ticket, ScanoutId, Result<NewLease, CardError>);

/// The one owner of all state.
#[derive(Debug)]
pub struct Broker<C> {
    cards: Arc<C>,
    pool: Pool,
    start: Instant,
    names: BTreeMap<ScanoutId, String>,
    clients: HashMap<ClientId, Client>,
    leases: HashMap<ScanoutId, Lease>,
    pub(crate) leasing: JoinSet<Made>,
    /// What each thread in `leasing` is about, should it panic.
    asked: HashMap<task::Id, Ticket>,
    orders: mpsc::Sender<Order>,
    service: Arc<Service>,
    generation: u64,
    pub(crate) doors: Doors,
}

#[derive(Debug)]
struct Client {
    peer: Peer,
    answer: Option<oneshot::Sender<Answer>>,
    /// From a request to its answer.
    connection: Option<OwnedFd>,
}

#[derive(Debug)]
struct Lease {
    lessee: Lessee,
    /// Until the client has it.
    fd: Option<OwnedFd>,
    light: Option<Light>,
    /// Once the client has it, where somebody restarts us.
    kept: Option<Kept>,
}

impl<C: Cards> Broker<C> {
    /// Takes the cards over with what was `found` of an earlier manager's leases: those that live go on, all others end.
    /// Outputs that nobody leased are unplugged when the host is there.
    pub(crate) fn new(
        cards: Arc<C>,
        config: &Config,
        orders: mpsc::Sender<Order>,
        service: Arc<Service>,
        found: Vec<Found>,
    ) -> Result<Self, CardError> {
        let first = ScanoutId::new(u16::from(!config.console));
        let offered = cards.connectors().iter().filter(|connector| connector.scanout >= first);
        let names: BTreeMap<_, _> =
            offered.take(config.outputs).map(|connector| (connector.scanout, connector.name.clone())).collect();
        let alive = inherit(&*cards, &names, &service, found)?;
        cards.look(&alive.iter().map(|(book, _)| book.scanout).collect())?;
        let mut outputs = Vec::with_capacity(names.len());
        for scanout in names.keys().copied() {
            // The console is connected from the start, and stays until somebody leases it.
            outputs.push((scanout, scanout != ScanoutId::new(0) && cards.is_connected(scanout)?));
        }
        let mut broker = Self {
            pool: Pool::new(outputs, config.timing),
            start: Instant::now(),
            names,
            clients: HashMap::new(),
            leases: HashMap::new(),
            leasing: JoinSet::new(),
            asked: HashMap::new(),
            orders,
            service,
            generation: 0,
            doors: Doors::default(),
            cards,
        };
        for (number, (book, kept)) in (1..).zip(alive) {
            broker.restore(ClientId::new(number), &book, kept);
        }
        Ok(broker)
    }

    fn restore(&mut self, client: ClientId, book: &Book, kept: Kept) {
        let Book { scanout, lessee, wish, .. } = *book;
        tracing::info!(%client, %scanout, "its lease lives on");
        self.leases.insert(scanout, Lease { lessee, fd: None, light: None, kept: Some(kept) });
        self.hand_in(Input::Restored(client, scanout, wish));
    }

    /// The connections of leases that were restored, whose clients are to be [admitted](Self::admit).
    pub(crate) fn restored(&self) -> Vec<(ClientId, io::Result<OwnedFd>)> {
        let owners = self.pool.outputs().filter_map(|output| Some((output.scanout, output.owner?.0)));
        let kept = |(scanout, client)| Some((client, self.leases.get(&scanout)?.kept.as_ref()?.connection()));
        owners.filter_map(kept).collect()
    }

    pub(crate) fn admit(&mut self, client: ClientId, peer: Peer) {
        tracing::debug!(%client, %peer, "connected");
        self.clients.insert(client, Client { peer, answer: None, connection: None });
    }

    pub(crate) fn clients(&self) -> usize {
        self.clients.len()
    }

    pub(crate) fn asked(&mut self, asked: Asked) {
        match asked {
            Asked::Release { client, scanout } => {
                tracing::warn!(%client, %scanout, "release of somebody else's lease: ignored");
                self.feed(Input::Released(client, scanout));
            }
            Asked::Lease { client, request, connection, answer } => self.request(client, &request, connection, answer),
        }
    }

    fn request(&mut self, client: ClientId, request: &Request, connection: OwnedFd, answer: oneshot::Sender<Answer>) {
        let mut token = [0; Token::LEN];
        if let Err(error) = getrandom::fill(&mut token) {
            tracing::error!(%error, "no random numbers");
            let _ = answer.send(Answer::Refused("no random numbers".to_owned()));
            return;
        }
        // It may have gone before its request was read.
        let Some(known) = self.clients.get_mut(&client) else { return };
        (known.answer, known.connection) = (Some(answer), Some(connection));
        let size = request.size().unwrap_or(Request::DEFAULT_SIZE);
        let light_crtc = client::options(request).light_crtc;
        self.feed(Input::Requested(client, Wish { size, light_crtc, token: Token::new(token) }));
    }

    pub(crate) fn ended(&mut self, client: ClientId, ended: Option<&Ended>) {
        match ended {
            Some(Ended::Slow) => self.doors.slow_requests += 1,
            Some(Ended::Bad(_)) => self.doors.bad_requests += 1,
            Some(Ended::Spoke) => self.doors.ended_by_bytes += 1,
            _ => {}
        }
        if let Some(Client { peer, .. }) = self.clients.remove(&client) {
            let why = ended.map(ToString::to_string);
            tracing::debug!(%client, %peer, why, "disconnected");
        }
        self.feed(Input::Gone(client));
    }

    pub(crate) fn news(&mut self, news: News) {
        let input = match news {
            News::Back { generation } => {
                tracing::info!("the host answers");
                self.generation = generation;
                Input::HostBack
            }
            News::Lost(why) => {
                if self.pool.host_lost() != Some(&why) {
                    tracing::warn!("host lost: {why}");
                }
                Input::HostLost(why)
            }
            News::Plugged(ticket, answer) => Input::Plugged(ticket, answer.inspect_err(|why| warn("plug", why))),
            News::Unplugged(ticket, answer) => Input::Unplugged(ticket, answer.inspect_err(|why| warn("unplug", why))),
        };
        self.feed(input);
    }

    /// The kernel has answered.
    pub(crate) fn leased(&mut self, made: Result<(task::Id, Made), JoinError>) {
        let (ticket, made) = match made {
            Ok((task, (ticket, scanout, made))) => {
                self.asked.remove(&task);
                let made = made.map(|NewLease { lessee, fd, light }| {
                    self.leases.insert(scanout, Lease { lessee, fd: Some(fd), light, kept: None });
                });
                (ticket, made.map_err(|error| lunette_cause::chain(&error)))
            }
            Err(error) => {
                let Some(ticket) = self.asked.remove(&error.id()) else { return };
                (ticket, Err(error.to_string()))
            }
        };
        if let Err(error) = &made {
            tracing::warn!("no lease: {error}");
        }
        self.feed(Input::Leased(ticket, made));
    }

    pub(crate) fn close(&mut self) {
        self.feed(Input::Closing);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.pool.is_idle()
    }

    /// The guest's kernel has heard what is plugged into a card; `None` for any.
    pub(crate) fn looked(&mut self, node: Option<&str>) {
        let at = |connector: &&Connector| node.is_none_or(|node| connector.node == node);
        let seen = self.cards.connectors().iter().filter(at).map(|connector| connector.scanout).collect();
        self.feed(Input::Looked(seen));
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self) {
        self.feed(Input::Tick);
    }

    /// Whether something depends on a connector.
    pub(crate) fn is_waiting(&self) -> bool {
        self.pool.awaited().next().is_some()
    }

    pub(crate) fn next_tick(&self) -> Option<Instant> {
        self.pool.next_tick().map(|tick| self.start + tick)
    }

    fn feed(&mut self, input: Input) {
        self.hand_in(input);
        let awaited: Vec<_> = self.pool.awaited().collect();
        for scanout in awaited {
            match self.cards.is_connected(scanout) {
                Ok(connected) => self.hand_in(Input::Connector(scanout, connected)),
                Err(error) => tracing::warn!(%scanout, "{}", lunette_cause::chain(&error)),
            }
        }
    }

    fn hand_in(&mut self, input: Input) {
        self.pool.handle_input(self.start.elapsed(), input);
        while let Some(action) = self.pool.poll_action() {
            self.perform(action);
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Plug { ticket, scanout, size, token, purpose } => {
                if purpose == Purpose::Nudge {
                    tracing::info!(%scanout, "the guest does not see its screen: plugged once more");
                }
                let unless = if purpose == Purpose::Again { Unless::Shown } else { Unless::Never };
                self.order(ticket, scanout, What::Plug { size, owner: token, unless });
            }
            Action::Unplug { ticket, scanout } => self.order(ticket, scanout, What::Unplug),
            Action::Lease { ticket, scanout, size, light_crtc } => {
                let cards = Arc::clone(&self.cards);
                let light = light_crtc.then_some(size);
                let task = self.leasing.spawn_blocking(move || (ticket, scanout, cards.lease(scanout, light)));
                self.asked.insert(task.id(), ticket);
            }
            Action::Grant { client, scanout, token } => self.grant(client, scanout, token),
            Action::Refuse { client, refusal } => {
                tracing::info!(%client, "refused: {refusal}");
                self.answer(client, Answer::Refused(refusal.to_string()));
            }
            Action::Revoke { scanout } => self.revoke(scanout),
        }
    }

    fn order(&self, ticket: Ticket, scanout: ScanoutId, what: What) {
        let order = Order { generation: self.generation, ticket, scanout, what };
        // The queue holds two orders for each output, and the pool has no more at once; should it all the same, what is
        // not answered here ends at its deadline.
        if self.orders.try_send(order).is_err() {
            tracing::error!(%scanout, "too many orders for the host");
        }
    }

    fn grant(&mut self, client: ClientId, scanout: ScanoutId, token: Token) {
        // Before the client has it: whoever has a lease keeps it whatever becomes of us.
        self.keep(client, scanout, token);
        let lease = self.leases.get_mut(&scanout).and_then(|lease| lease.fd.take());
        let connector = self.names.get(&scanout).cloned().unwrap_or_default();
        tracing::info!(%client, peer = self.peer(client), %scanout, "leased");
        // A client without an answer to wait for is gone, and its end is on the way.
        if let Some(lease) = lease {
            self.answer(client, Answer::Granted { scanout, connector, token, lease });
        }
    }

    /// Puts the lease away for our next start.
    fn keep(&mut self, client: ClientId, scanout: ScanoutId, token: Token) {
        let connection = self.clients.get_mut(&client).and_then(|client| client.connection.take());
        let size =
            self.pool.outputs().find(|output| output.scanout == scanout).and_then(|output| Some(output.owner?.1));
        let (Some(connection), Some(size), true) = (connection, size, self.service.is_there()) else { return };
        let Some(lease) = self.leases.get_mut(&scanout) else { return };
        let wish = Wish { size, light_crtc: lease.light.is_some(), token };
        let connector = self.names.get(&scanout).cloned().unwrap_or_default();
        match Kept::store(&Book { scanout, lessee: lease.lessee, connector, wish }, connection, &self.service) {
            Ok(kept) => lease.kept = Some(kept),
            Err(error) => tracing::warn!(%scanout, "this lease ends when we die: {}", lunette_cause::chain(&error)),
        }
    }

    fn answer(&mut self, client: ClientId, answer: Answer) {
        let Some(client) = self.clients.get_mut(&client) else { return };
        client.connection = None;
        if let Some(waiting) = client.answer.take() {
            let _ = waiting.send(answer);
        }
    }

    fn revoke(&mut self, scanout: ScanoutId) {
        let Some(Lease { lessee, light, kept, .. }) = self.leases.remove(&scanout) else { return };
        if let Err(error) = self.cards.revoke(lessee) {
            tracing::error!(%scanout, "cannot revoke: {}", lunette_cause::chain(&error));
        }
        if let Some(kept) = kept {
            kept.end(&self.service);
        }
        tracing::info!(%scanout, "lease ended");
        if let Some(light) = light {
            // Freeing a picture may wait for a mode setting.
            task::spawn_blocking(move || drop(light));
        }
    }

    fn peer(&self, client: ClientId) -> String {
        self.clients.get(&client).map(|client| client.peer.to_string()).unwrap_or_default()
    }

    /// Outputs that are leased, and all.
    pub(crate) fn leased_of(&self) -> (usize, usize) {
        (self.pool.outputs().filter(|output| output.stage == Stage::Leased).count(), self.names.len())
    }

    pub(crate) fn status(&self, config: &Config) -> Status {
        let now = self.start.elapsed();
        let outputs = self.pool.outputs().map(|output| OutputStatus {
            scanout: output.scanout.get(),
            connector: self.names.get(&output.scanout).cloned().unwrap_or_default(),
            connected: self.cards.is_connected(output.scanout).ok(),
            state: output.stage.name(),
            owner: output.owner.and_then(|(client, size, since)| {
                let Peer { pid, uid, gid } = self.clients.get(&client)?.peer;
                let age_s = now.saturating_sub(since).as_secs_f64();
                Some(OwnerStatus { pid, uid, gid, size: size.to_string(), age_s })
            }),
        });
        Status {
            pid: std::process::id(),
            uptime_s: now.as_secs_f64(),
            host: HostStatus {
                address: config.host.clone(),
                connected: self.pool.host_lost().is_none(),
                lost: self.pool.host_lost().map(str::to_owned),
                authorized: config.secret.is_some(),
            },
            clients: self.clients.len(),
            outputs: outputs.collect(),
            counters: CounterStatus::new(self.pool.counters(), self.doors),
        }
    }
}

fn warn(what: &str, why: &str) {
    tracing::warn!("the host does not {what}: {why}");
}
