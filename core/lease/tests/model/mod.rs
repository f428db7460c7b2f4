//! The world around a pool: clients, a host, a kernel; and what must hold after every step.

mod crash;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use lunette_frame::{ScanoutId, Size};
use lunette_lease::{Action, ClientId, Input, Pool, Refusal, Stage, Ticket, Timing, Wish};
use lunette_wire::Token;
use proptest::prelude::*;

use crash::Book;

/// Something that happens to the pool.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Request {
        light: bool,
    },
    Release {
        client: u64,
        scanout: u16,
    },
    Gone(u64),
    /// The host answers its oldest question.
    AnswerHost(Result<(), ()>),
    /// The host answers a question for the second time.
    AnswerHostAgain,
    /// The kernel answers its oldest question: whether there is a lease.
    AnswerKernel(bool),
    Connector(u16, bool),
    Looked,
    /// At a card with one output.
    LookedAt(u16),
    HostLost,
    HostBack,
    /// Milliseconds.
    Advance(u64),
    /// The manager dies after this many more effects, and another starts, to which unleased outputs look connected or not.
    Crash {
        effects: u32,
        connected: bool,
    },
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(|light| Step::Request { light }),
        2 => (0u64..12, 0u16..5).prop_map(|(client, scanout)| Step::Release { client, scanout }),
        4 => (0u64..12).prop_map(Step::Gone),
        8 => prop::bool::weighted(0.8).prop_map(|ok| Step::AnswerHost(if ok { Ok(()) } else { Err(()) })),
        1 => Just(Step::AnswerHostAgain),
        6 => prop::bool::weighted(0.8).prop_map(Step::AnswerKernel),
        8 => (0u16..5, any::<bool>()).prop_map(|(scanout, connected)| Step::Connector(scanout, connected)),
        3 => Just(Step::Looked),
        3 => (0u16..5).prop_map(Step::LookedAt),
        1 => Just(Step::HostLost),
        3 => Just(Step::HostBack),
        4 => prop_oneof![0u64..50, 250u64..350, 900u64..6000].prop_map(Step::Advance),
        2 => (0u32..6, any::<bool>()).prop_map(|(effects, connected)| Step::Crash { effects, connected }),
    ];
    prop::collection::vec(step, 0..120)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Plug(Ticket, u16),
    Unplug(Ticket, u16),
}

#[derive(Debug, Default)]
struct Client {
    asked_at: Duration,
    answers: u32,
    ended: bool,
    refusal: Option<Refusal>,
}

pub(crate) struct World {
    pub(crate) pool: Pool,
    outputs: u16,
    store: Vec<Book>,
    /// The kernel's name for each lease; the lowest that is free.
    lessees: BTreeMap<u16, u32>,
    /// How many more effects the manager lives to see, and what the next one finds.
    dying: Option<(u32, bool)>,
    now: Duration,
    clients: Vec<Client>,
    host: VecDeque<Question>,
    answered: Vec<Question>,
    kernel: VecDeque<(Ticket, u16)>,
    /// Leases that exist in the kernel, and to whom they were handed out.
    leases: BTreeMap<u16, Option<u64>>,
    revoked: usize,
    host_is_back: bool,
    closing: bool,
}

impl World {
    pub(crate) fn new(outputs: u16) -> Self {
        Self::with_connected(outputs, &[])
    }

    pub(crate) fn with_connected(outputs: u16, connected: &[u16]) -> Self {
        let pool = (1..=outputs).map(|id| (ScanoutId::new(id), connected.contains(&id)));
        Self {
            pool: Pool::new(pool, Timing::default()),
            outputs,
            store: Vec::new(),
            lessees: BTreeMap::new(),
            dying: None,
            now: Duration::ZERO,
            clients: Vec::new(),
            host: VecDeque::new(),
            answered: Vec::new(),
            kernel: VecDeque::new(),
            leases: BTreeMap::new(),
            revoked: 0,
            host_is_back: false,
            closing: false,
        }
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match *step {
            Step::Request { light } => self.request(1280, 720, light),
            Step::Release { client, scanout } => {
                if self.leases.get(&scanout) == Some(&Some(client)) {
                    self.clients[usize::try_from(client).expect("small")].ended = true;
                }
                self.feed(Input::Released(ClientId::new(client), ScanoutId::new(scanout)));
            }
            Step::Gone(client) => {
                if let Some(known) = self.clients.get_mut(usize::try_from(client).expect("small")) {
                    known.ended = true;
                    self.feed(Input::Gone(ClientId::new(client)));
                }
            }
            Step::AnswerHost(answer) => {
                if let Some(question) = self.host.pop_front() {
                    self.answered.push(question);
                    self.answer(question, answer);
                }
            }
            Step::AnswerHostAgain => {
                if let Some(question) = self.answered.last().copied() {
                    self.answer(question, Ok(()));
                }
            }
            Step::AnswerKernel(made) => self.answer_kernel(made),
            Step::Connector(scanout, connected) => self.feed(Input::Connector(ScanoutId::new(scanout), connected)),
            Step::Looked => self.feed(looked()),
            Step::LookedAt(scanout) => self.feed(Input::Looked(vec![ScanoutId::new(scanout)])),
            Step::HostLost => self.lose_host(),
            Step::HostBack => {
                if !self.host_is_back {
                    self.host_is_back = true;
                    self.feed(Input::HostBack);
                }
            }
            Step::Advance(millis) => self.advance(Duration::from_millis(millis)),
            // Of two deaths the first counts.
            Step::Crash { effects, connected } => self.dying = self.dying.or(Some((effects, connected))),
        }
    }

    pub(crate) fn request(&mut self, width: u32, height: u32, light_crtc: bool) {
        let client = ClientId::new(self.clients.len() as u64);
        self.clients.push(Client { asked_at: self.now, ..Client::default() });
        let wish = Wish { size: Size::new(width, height), light_crtc, token: Token::new([1; 32]) };
        self.feed(Input::Requested(client, wish));
    }

    /// A request that is answered; the scanout, when it was granted.
    pub(crate) fn lease(&mut self) -> Option<u16> {
        let client = self.clients.len() as u64;
        self.take(&Step::Request { light: false });
        self.calm();
        self.leases.iter().find(|(_, owner)| **owner == Some(client)).map(|(scanout, _)| *scanout)
    }

    fn lose_host(&mut self) {
        self.host.clear();
        self.host_is_back = false;
        self.feed(Input::HostLost("connection refused".into()));
    }

    fn answer(&mut self, question: Question, answer: Result<(), ()>) {
        let answer = answer.map_err(|()| "no".to_owned());
        self.feed(match question {
            Question::Plug(ticket, _) => Input::Plugged(ticket, answer),
            Question::Unplug(ticket, _) => Input::Unplugged(ticket, answer),
        });
    }

    fn answer_kernel(&mut self, made: bool) {
        let Some((ticket, scanout)) = self.kernel.pop_front() else { return };
        if made {
            assert_eq!(self.leases.insert(scanout, None), None, "a lease of what is leased");
            let lessee = (1..).find(|lessee| self.lessees.values().all(|taken| taken != lessee)).expect("enough");
            self.lessees.insert(scanout, lessee);
        }
        self.feed(Input::Leased(ticket, if made { Ok(()) } else { Err("busy".into()) }));
    }

    fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(due) = self.pool.next_tick().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.feed(Input::Tick);
            assert!(self.pool.next_tick().is_none_or(|next| next > due), "a tick must not be due twice");
        }
        self.now = end;
    }

    pub(crate) fn feed(&mut self, input: Input) {
        self.closing |= input == Input::Closing;
        self.pool.handle_input(self.now, input);
        while let Some(action) = self.pool.poll_action() {
            self.perform(action);
        }
        if let Some((0, connected)) = self.dying {
            self.restart(connected);
        }
        self.check();
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Plug { .. } | Action::Unplug { .. } | Action::Lease { .. } if !self.lives_to_see() => {}
            Action::Plug { ticket, scanout, .. } => {
                assert!(self.host_is_back, "a lost host is not asked");
                self.host.push_back(Question::Plug(ticket, scanout.get()));
            }
            Action::Unplug { ticket, scanout } => {
                assert!(self.host_is_back, "a lost host is not asked");
                assert!(!self.leases.contains_key(&scanout.get()), "a lease is revoked before its output is unplugged");
                self.host.push_back(Question::Unplug(ticket, scanout.get()));
            }
            Action::Lease { ticket, scanout, .. } => {
                assert!(!self.leases.contains_key(&scanout.get()));
                assert!(self.kernel.iter().all(|(_, other)| *other != scanout.get()));
                self.kernel.push_back((ticket, scanout.get()));
            }
            Action::Grant { client, scanout, .. } => {
                let (scanout_number, client) = (scanout.get(), number(client));
                if self.lives_to_see() {
                    let lessee = self.lessees[&scanout_number];
                    self.store.push(Book { scanout: scanout_number, lessee, client });
                }
                if !self.lives_to_see() {
                    return;
                }
                assert_eq!(self.leases.insert(scanout.get(), Some(client)), Some(None), "one owner, of a real lease");
                self.answered_client(client, None);
            }
            Action::Refuse { .. } if !self.lives_to_see() => {}
            Action::Refuse { client, refusal } => self.answered_client(number(client), Some(refusal)),
            Action::Revoke { scanout } => {
                if !self.lives_to_see() {
                    return;
                }
                self.revoked += 1;
                self.lessees.remove(&scanout.get());
                let owner = self.leases.remove(&scanout.get()).expect("only leases are revoked");
                let ended = |owner: u64| self.clients[usize::try_from(owner).expect("small")].ended;
                assert!(self.closing || owner.is_none_or(ended), "only its owner ends a lease");
                if self.lives_to_see() {
                    self.store.retain(|book| Some(book.client) != owner);
                }
            }
        }
    }

    fn answered_client(&mut self, client: u64, refusal: Option<Refusal>) {
        let client = &mut self.clients[usize::try_from(client).expect("small")];
        assert!(!client.ended, "nobody answers the dead");
        client.answers += 1;
        client.refusal = refusal;
    }

    fn check(&self) {
        let owners: Vec<_> = self.leases.values().flatten().collect();
        assert_eq!(owners.len(), owners.iter().collect::<BTreeSet<_>>().len(), "one lease for a client");
        for client in &self.clients {
            assert!(client.answers <= 1, "one answer");
        }
        for output in self.pool.outputs() {
            let leased = self.leases.get(&output.scanout.get()).is_some_and(Option::is_some);
            assert_eq!(output.stage == Stage::Leased, leased, "{output:?}");
        }
    }

    /// Everybody does what they should until nothing is left to do.
    pub(crate) fn calm(&mut self) {
        self.take(&Step::HostBack);
        for _ in 0..100 {
            self.take(&Step::AnswerKernel(true));
            self.take(&Step::AnswerHost(Ok(())));
            self.feed(looked());
        }
    }

    pub(crate) fn every_request_is_answered_in_time(&mut self) {
        self.dying = None;
        self.advance(Timing::default().answer);
        let last = self.now.saturating_sub(Timing::default().answer);
        for client in self.clients.iter().filter(|client| client.asked_at <= last && !client.ended) {
            assert_eq!(client.answers, 1, "asked at {:?}, it is {:?}", client.asked_at, self.now);
        }
    }

    pub(crate) fn everything_is_given_back(&mut self) {
        for client in 0..self.clients.len() as u64 {
            self.take(&Step::Gone(client));
        }
        self.calm();
        self.advance(Timing::default().retry * Timing::RETRY_LIMIT);
        self.calm();
        assert!(self.pool.outputs().all(|output| output.stage == Stage::Free), "{:?}", self.pool);
        assert!(self.leases.is_empty() && self.kernel.is_empty());
        let mut again = [self.lease(), self.lease(), self.lease()];
        again.sort_unstable();
        assert_eq!(again, [Some(1), Some(2), Some(3)], "all of them can be had again");
    }

    pub(crate) fn stage(&self, scanout: u16) -> Stage {
        let found = self.pool.outputs().find(|output| output.scanout == ScanoutId::new(scanout));
        found.expect("an output of the pool").stage
    }

    pub(crate) fn owner_of(&self, scanout: u16) -> Option<u64> {
        self.leases.get(&scanout).copied().flatten()
    }

    pub(crate) fn waiting_plugs(&self) -> Vec<u16> {
        let plug = |question: &Question| match *question {
            Question::Plug(_, scanout) => Some(scanout),
            Question::Unplug(..) => None,
        };
        self.host.iter().filter_map(plug).collect()
    }

    pub(crate) fn refusals(&self) -> usize {
        self.clients.iter().filter(|client| client.refusal.is_some()).count()
    }

    pub(crate) fn last_refusal(&self) -> String {
        let refusal = self.clients.iter().rev().find_map(|client| client.refusal.as_ref());
        refusal.expect("somebody was refused").to_string()
    }

    pub(crate) fn revoked(&self) -> usize {
        self.revoked
    }
}

fn number(client: ClientId) -> u64 {
    client.to_string().parse().expect("a number")
}

/// The kernel has looked at every output.
fn looked() -> Input {
    Input::Looked((0..5).map(ScanoutId::new).collect())
}
