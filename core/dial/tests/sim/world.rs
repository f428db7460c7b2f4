//! A control plane, its runners, those who dial, those who break things, and what must be true.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunette_dial::{
    AnswerError, ConnPath, DialError, DialId, Event, Exchange, InstanceId, Limits, LinkId, Order, Owner, PickUp,
    Registration, Runner, RunnerId, Status,
};

use crate::dice::Dice;
use crate::network::{ConnId, End, Network, Packet};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faults {
    None,
    All,
}

/// One program that wants to be dialled. Two may have the same name.
struct Program {
    state: Runner,
    name: RunnerId,
    owner: Owner,
    instance: Option<InstanceId>,
    conn: Option<ConnId>,
    alive: bool,
}

struct Wanted {
    runner: RunnerId,
    until: Duration,
}

/// Something that happens later, other than a packet.
#[derive(Clone, Copy)]
enum Later {
    Connected(usize, ConnId),
    Refused(usize),
    PickedUp(usize, PickUp, ConnPath, bool),
}

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) faults: Faults,
    pub(crate) failed: usize,
    pub(crate) answered: usize,
    /// What happened, to compare runs.
    pub(crate) history: Vec<String>,
    seed: u64,
    dice: Dice,
    network: Network,
    exchange: Exchange,
    links: BTreeMap<LinkId, ConnId>,
    programs: Vec<Program>,
    later: Vec<(Duration, Later)>,
    dials: BTreeMap<DialId, Wanted>,
    ended: BTreeSet<(u64, DialId)>,
    /// How often the server was started.
    epoch: u64,
    down_until: Duration,
    next_fault: Duration,
    next_dial: Duration,
}

const NAMES: usize = 4;

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let mut dice = Dice::new(seed);
        let mut world = Self {
            now: Duration::ZERO,
            faults,
            failed: 0,
            answered: 0,
            history: Vec::new(),
            seed,
            network: Network::default(),
            exchange: exchange(dice.next()),
            links: BTreeMap::new(),
            programs: Vec::new(),
            later: Vec::new(),
            dials: BTreeMap::new(),
            ended: BTreeSet::new(),
            epoch: 0,
            down_until: Duration::ZERO,
            next_fault: Duration::ZERO,
            next_dial: Duration::ZERO,
            dice,
        };
        (0..NAMES).for_each(|name| world.start(name));
        world
    }

    fn start(&mut self, name: usize) {
        // Existing runners, every third name, do not tell their starts apart.
        let instance = (name % 3 != 2).then(|| InstanceId::new(self.dice.bytes()));
        let mut state = Runner::new(self.dice.next());
        state.start(self.now);
        let owner = Owner(format!("owner {}", name % 2));
        let name = format!("desktop-{name}").parse().expect("a name");
        self.programs.push(Program { state, name, owner, instance, conn: None, alive: true });
    }

    pub(crate) fn run_until(&mut self, end: Duration) {
        let mut steps = 0;
        while self.now < end {
            self.settle();
            let next = self.next_at().min(end);
            steps = if next == self.now { steps + 1 } else { 0 };
            assert!(steps < 1000, "seed {}: time stands still at {:?}", self.seed, self.now);
            self.now = self.now.max(next);
            self.step();
        }
        self.settle();
    }

    fn next_at(&self) -> Duration {
        let programs = self.programs.iter().filter(|program| program.alive).filter_map(|one| one.state.deadline());
        let later = self.later.iter().map(|(at, _)| *at);
        let own = self.exchange.deadline().into_iter().chain(self.network.next_at());
        let busy = (self.faults == Faults::All).then(|| self.next_fault.min(self.next_dial));
        programs.chain(later).chain(own).chain(busy).min().unwrap_or(Duration::MAX)
    }

    fn step(&mut self) {
        while let Some((conn, end, packet)) = self.network.receive(self.now) {
            self.deliver(conn, end, packet);
            self.settle();
        }
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= self.now);
        self.later = later;
        for (_, what) in due {
            self.happens(what);
            self.settle();
        }
        self.exchange.tick(self.now);
        for program in self.programs.iter_mut().filter(|program| program.alive) {
            program.state.tick(self.now);
        }
        self.settle();
        if self.faults == Faults::All {
            self.misbehave();
        }
        self.assert_in_time();
    }

    fn deliver(&mut self, conn: ConnId, end: End, packet: Packet) {
        self.history.push(format!("{:?} {conn} {end:?} {packet:?}", self.now));
        if packet == Packet::Ping {
            self.network.send(self.now, conn, end.other(), Packet::Pong, &mut self.dice);
        }
        match end {
            End::Server => {
                let Some(link) = self.links.iter().find(|(_, other)| **other == conn).map(|(link, _)| *link) else {
                    return;
                };
                match packet {
                    Packet::Bytes(bytes) => self.exchange.bytes(self.now, link, &bytes),
                    Packet::Ping | Packet::Pong => self.exchange.heard(self.now, link),
                    Packet::Close(_) => {
                        self.links.remove(&link);
                        self.exchange.lost(self.now, link);
                    }
                }
            }
            End::Program => {
                let Some(program) = self.programs.iter_mut().find(|one| one.alive && one.conn == Some(conn)) else {
                    return;
                };
                match packet {
                    Packet::Bytes(bytes) => program.state.bytes(self.now, &bytes),
                    Packet::Ping | Packet::Pong => program.state.heard(self.now),
                    Packet::Close(code) => {
                        program.conn = None;
                        program.state.lost(self.now, code);
                    }
                }
            }
        }
    }

    /// Lets everybody do what there is to do.
    fn settle(&mut self) {
        while let Some(event) = self.exchange.poll() {
            self.obey_exchange(event);
        }
        for at in 0..self.programs.len() {
            while self.programs[at].alive {
                let Some(order) = self.programs[at].state.poll() else { break };
                self.obey_program(at, order);
            }
        }
        if let Some(event) = self.exchange.poll() {
            self.obey_exchange(event);
            self.settle();
        }
    }

    fn obey_exchange(&mut self, event: Event) {
        match event {
            Event::Send(link, bytes) => self.send_to_program(link, Packet::Bytes(bytes)),
            Event::Ping(link) => self.send_to_program(link, Packet::Ping),
            Event::Close(link, why) => {
                self.send_to_program(link, Packet::Close(Some(why.code())));
                self.links.remove(&link);
            }
            Event::Failed(dial, error) => {
                assert!(!matches!(error, DialError::NotConnected(_)), "seed {}: {error} comes at once", self.seed);
                self.failed += 1;
                self.end(dial);
            }
            Event::Up(_) | Event::Missed(_) | Event::Gone(_) => {}
        }
    }

    fn send_to_program(&mut self, link: LinkId, packet: Packet) {
        if let Some(conn) = self.links.get(&link) {
            self.network.send(self.now, *conn, End::Program, packet, &mut self.dice);
        }
    }

    fn obey_program(&mut self, at: usize, order: Order) {
        let to_server = |packet| (self.programs[at].conn, packet);
        let (conn, packet) = match order {
            Order::Connect => return self.connect(at),
            Order::PickUp(pick_up, path) => {
                let fails = self.faults == Faults::All && self.dice.chance(10);
                let takes = self.dice.between(Duration::from_millis(1), Duration::from_millis(400));
                // Now and then it takes longer than anybody waits.
                let takes = if fails && self.dice.chance(30) { takes + Duration::from_secs(25) } else { takes };
                return self.later.push((self.now + takes, Later::PickedUp(at, pick_up, path, !fails)));
            }
            Order::Send(bytes) => to_server(Packet::Bytes(bytes)),
            Order::Ping => to_server(Packet::Ping),
            Order::Disconnect => {
                let gone = to_server(Packet::Close(None));
                self.programs[at].conn = None;
                gone
            }
        };
        if let Some(conn) = conn {
            self.network.send(self.now, conn, End::Server, packet, &mut self.dice);
        }
    }

    fn connect(&mut self, at: usize) {
        let takes = self.dice.between(Duration::from_millis(1), Duration::from_millis(300));
        let lost = self.faults == Faults::All && self.dice.chance(10);
        let later = if self.now < self.down_until {
            Later::Refused(at)
        } else if lost {
            // The try hangs until the runner's own limit.
            return;
        } else {
            let conn = self.network.connect(&mut self.dice);
            self.programs[at].conn = Some(conn);
            Later::Connected(at, conn)
        };
        self.later.push((self.now + takes, later));
    }

    fn happens(&mut self, later: Later) {
        match later {
            Later::Refused(at) => self.programs[at].state.lost(self.now, None),
            Later::Connected(at, conn) => self.register(at, conn),
            Later::PickedUp(at, pick_up, path, works) => self.pick_up(at, pick_up, path, works),
        }
    }

    fn register(&mut self, at: usize, conn: ConnId) {
        let program = &mut self.programs[at];
        if !program.alive || program.conn != Some(conn) || !matches!(program.state.status(), Status::Connecting(_)) {
            return;
        }
        program.state.connected(self.now);
        let who =
            Registration { runner: program.name.clone(), owner: program.owner.clone(), instance: program.instance };
        match self.exchange.register(self.now, who) {
            Ok(link) => drop(self.links.insert(link, conn)),
            Err(error) => {
                self.network.send(self.now, conn, End::Program, Packet::Close(Some(error.code())), &mut self.dice);
            }
        }
    }

    fn pick_up(&mut self, at: usize, pick_up: PickUp, path: ConnPath, works: bool) {
        let (alive, owner, name) = {
            let program = &self.programs[at];
            (program.alive, program.owner.clone(), program.name.clone())
        };
        if !alive {
            return;
        }
        if !works {
            return self.programs[at].state.picked_up(pick_up, Err("no way".to_owned()));
        }
        // Somebody else has seen the path, and is no use of it.
        let stranger = Owner("a stranger".to_owned());
        let stolen = self.exchange.answer(self.now, &stranger, path);
        assert!(
            matches!(stolen, Err(AnswerError::NotTheirs | AnswerError::UnknownDialer)),
            "seed {}: {stolen:?}",
            self.seed
        );
        if let Ok(dial) = self.exchange.answer(self.now, &owner, path) {
            let wanted = self.dials.get(&dial).map(|wanted| wanted.runner.clone());
            assert_eq!(wanted, Some(name), "seed {}: {dial:?} was answered by another", self.seed);
            self.answered += 1;
            self.end(dial);
            let again = self.exchange.answer(self.now, &owner, path);
            assert!(again.is_err(), "seed {}: answered twice", self.seed);
        }
        self.programs[at].state.picked_up(pick_up, Ok(()));
    }

    fn end(&mut self, dial: DialId) {
        self.history.push(format!("{:?} {dial:?} ends", self.now));
        self.dials.remove(&dial);
        assert!(self.ended.insert((self.epoch, dial)), "seed {}: {dial:?} ended twice", self.seed);
    }

    fn dial(&mut self, runner: &RunnerId, limit: Duration) {
        if let Ok(dial) = self.exchange.dial(self.now, runner, self.now + limit) {
            self.dials.insert(dial, Wanted { runner: runner.clone(), until: self.now + limit });
        } else {
            self.failed += 1;
        }
    }

    pub(crate) fn dial_everybody(&mut self, limit: Duration) {
        let names: BTreeSet<RunnerId> = self.programs.iter().map(|program| program.name.clone()).collect();
        self.failed = 0;
        names.iter().for_each(|name| self.dial(name, limit));
        self.settle();
    }

    fn misbehave(&mut self) {
        if self.next_dial <= self.now {
            self.next_dial = self.now + self.dice.between(Duration::from_millis(10), Duration::from_secs(3));
            let at = self.dice.below(self.programs.len());
            let name = self.programs[at].name.clone();
            let limit = self.dice.between(Duration::from_secs(1), Duration::from_secs(40));
            for _ in 0..1 + self.dice.below(5) {
                self.dial(&name, limit);
            }
            if self.dice.chance(10)
                && let Some(dial) = self.dials.keys().next().copied()
            {
                self.exchange.cancel(dial);
                self.end(dial);
            }
        }
        if self.next_fault <= self.now {
            self.next_fault = self.now + self.dice.between(Duration::from_millis(100), Duration::from_secs(20));
            self.break_something();
        }
        self.settle();
    }

    fn break_something(&mut self) {
        let open = self.network.open();
        let conn = open.get(self.dice.below(open.len())).copied();
        match (self.dice.below(10), conn) {
            (0..4, Some(conn)) => self.network.cut(self.now, conn, &mut self.dice),
            (4..7, Some(conn)) => self.network.kill(conn),
            (7, _) => self.restart_server(),
            (8, _) => {
                let name = self.dice.below(NAMES);
                self.start(name);
            }
            _ => self.stop_a_rival(),
        }
    }

    /// All that it knew is gone.
    fn restart_server(&mut self) {
        for conn in self.network.open() {
            self.network.cut(self.now, conn, &mut self.dice);
        }
        self.exchange = exchange(self.dice.next());
        self.epoch += 1;
        self.links.clear();
        self.dials.clear();
        self.down_until = self.now + self.dice.between(Duration::ZERO, Duration::from_secs(20));
    }

    /// Of two programs with one name, one ends without a word.
    fn stop_a_rival(&mut self) {
        for at in 0..self.programs.len() {
            let name = self.programs[at].name.clone();
            let others = self.programs.iter().filter(|one| one.alive && one.name == name).count();
            if self.programs[at].alive && others > 1 {
                self.programs[at].alive = false;
                if let Some(conn) = self.programs[at].conn {
                    self.network.kill(conn);
                }
                return;
            }
        }
    }

    fn assert_in_time(&self) {
        for (dial, wanted) in &self.dials {
            assert!(wanted.until >= self.now, "seed {}: {dial:?} is open at {:?}", self.seed, self.now);
        }
        assert_eq!(self.exchange.open_dials(), self.dials.len(), "seed {}", self.seed);
    }

    pub(crate) fn assert_all_up(&self) {
        for program in self.programs.iter().filter(|program| program.alive) {
            assert!(self.exchange.is_up(&program.name), "seed {}: {} is not up", self.seed, program.name);
        }
    }

    pub(crate) fn assert_settled(&self) {
        assert_eq!((self.exchange.open_dials(), self.failed), (0, 0), "seed {}", self.seed);
    }
}

fn exchange(seed: u64) -> Exchange {
    let mut dice = Dice::new(seed);
    Exchange::new(Limits::default(), Box::new(move || dice.bytes()))
}
