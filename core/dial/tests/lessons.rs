//! What went wrong in the field, one test each, on virtual time.

#![forbid(unsafe_code)]

use std::time::Duration;

use lunette_dial::{
    AnswerError, CloseWhy, ConnPath, DialError, DialId, Event, Exchange, InstanceId, Limits, LinkId, Message, Order,
    Owner, Registration, Runner, RunnerId, Status,
};

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn desktop() -> RunnerId {
    "desktop-1".parse().expect("a name")
}

struct Server {
    exchange: Exchange,
}

impl Server {
    fn new(limits: Limits) -> Self {
        let mut count = 0_u128;
        let dice = move || {
            count += 1;
            count.to_be_bytes()
        };
        Self { exchange: Exchange::new(limits, Box::new(dice)) }
    }

    fn register(&mut self, now: f64, instance: Option<u8>) -> LinkId {
        let instance = instance.map(|byte| InstanceId::new([byte; 16]));
        let who = Registration { runner: desktop(), owner: Owner("ada".to_owned()), instance };
        self.exchange.register(seconds(now), who).expect("taken")
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.exchange.poll()).collect()
    }

    /// The paths that were asked for over a link.
    fn asked(&mut self, link: LinkId) -> Vec<ConnPath> {
        let read = |event: Event| {
            let Event::Send(to, bytes) = event else { return None };
            let text = String::from_utf8(bytes).expect("text");
            let path = text.split("\"connPath\":\"").nth(1)?.split('"').next()?.parse().ok()?;
            (to == link).then_some(path)
        };
        self.events().into_iter().filter_map(read).collect()
    }

    fn dial(&mut self, now: f64) -> Result<DialId, DialError> {
        self.exchange.dial(seconds(now), &desktop(), seconds(now + 30.0))
    }

    fn answer(&mut self, now: f64, owner: &str, path: ConnPath) -> Result<DialId, AnswerError> {
        self.exchange.answer(seconds(now), &Owner(owner.to_owned()), path)
    }

    fn failed(&mut self) -> Vec<DialId> {
        let failed = |event| if let Event::Failed(dial, _) = event { Some(dial) } else { None };
        self.events().into_iter().filter_map(failed).collect()
    }
}

fn server() -> Server {
    Server::new(Limits::default())
}

#[test]
fn lesson_100_a_dial_waits_for_a_runner_that_was_just_lost() {
    let mut server = server();
    let link = server.register(0.0, None);
    server.exchange.lost(seconds(1.0), link);
    let dial = server.dial(2.0).unwrap();
    assert!(server.asked(link).is_empty());
    let link = server.register(6.0, None);
    let path = server.asked(link)[0];
    assert_eq!(server.answer(6.1, "ada", path), Ok(dial));
}

#[test]
fn lesson_100_a_dial_on_a_channel_that_died_silently_is_asked_for_again() {
    let mut server = server();
    let link = server.register(0.0, Some(1));
    let dial = server.dial(1.0).unwrap();
    let lost = server.asked(link)[0];
    // No sign of life.
    server.exchange.tick(seconds(6.1));
    assert!(server.events().contains(&Event::Close(link, CloseWhy::Silent)));
    let link = server.register(20.0, Some(1));
    let path = server.asked(link)[0];
    assert_ne!(path.request, lost.request);
    assert_eq!(server.answer(20.1, "ada", lost), Err(AnswerError::UnknownDialer));
    assert_eq!(server.answer(20.1, "ada", path), Ok(dial));
}

#[test]
fn lesson_100_dials_of_a_runner_that_does_not_come_back_fail_after_the_grace() {
    let mut server = server();
    let link = server.register(0.0, None);
    server.exchange.lost(seconds(1.0), link);
    let dial = server.exchange.dial(seconds(2.0), &desktop(), seconds(100.0)).unwrap();
    server.events();
    server.exchange.tick(seconds(30.9));
    assert!(server.failed().is_empty());
    server.exchange.tick(seconds(31.0));
    assert_eq!(server.failed(), [dial]);
    assert_eq!(server.dial(32.0), Err(DialError::NotConnected(desktop())));
}

#[test]
fn lesson_101_answers_are_matched_by_request_in_whatever_order_they_come() {
    let mut server = server();
    let link = server.register(0.0, None);
    let dials: Vec<DialId> = (0..200).map(|_| server.dial(1.0).unwrap()).collect();
    let paths = server.asked(link);
    for (dial, path) in dials.iter().zip(paths).rev() {
        assert_eq!(server.answer(1.5, "ada", path), Ok(*dial));
        assert_eq!(server.answer(1.6, "ada", path), Err(AnswerError::UnknownRequest));
    }
    assert_eq!(server.exchange.open_dials(), 0);
}

#[test]
fn lesson_101_a_request_is_answered_by_its_own_dialer_and_owner_only() {
    let mut server = server();
    let link = server.register(0.0, None);
    let other = Registration { runner: "desktop-2".parse().unwrap(), owner: Owner("ada".to_owned()), instance: None };
    let other = server.exchange.register(seconds(0.0), other).unwrap();
    server.exchange.dial(seconds(1.0), &"desktop-2".parse().unwrap(), seconds(30.0)).unwrap();
    server.dial(1.0).unwrap();
    let paths: Vec<Event> = server.events();
    let mut again = Server { exchange: server.exchange };
    let read = |link: LinkId| {
        let sent = paths.iter().filter_map(|event| match event {
            Event::Send(to, bytes) if *to == link => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        });
        let path = |text: String| text.split("\"connPath\":\"").nth(1)?.split('"').next()?.parse::<ConnPath>().ok();
        sent.filter_map(path).next().unwrap()
    };
    let (mine, theirs) = (read(link), read(other));
    let crossed = ConnPath { dialer: theirs.dialer, request: mine.request };
    assert_eq!(again.answer(2.0, "ada", crossed), Err(AnswerError::UnknownRequest));
    assert_eq!(again.answer(2.0, "eve", mine), Err(AnswerError::NotTheirs));
    assert!(again.answer(2.0, "ada", mine).is_ok());
}

#[test]
fn lesson_102_what_comes_after_the_end_does_no_harm() {
    let mut server = server();
    let link = server.register(0.0, None);
    let dial = server.dial(0.0).unwrap();
    let path = server.asked(link)[0];
    server.exchange.cancel(dial);
    server.exchange.lost(seconds(1.0), link);
    server.exchange.lost(seconds(1.0), link);
    server.exchange.bytes(seconds(1.0), link, &Message::KeepAlive.encode());
    server.exchange.heard(seconds(1.0), link);
    server.exchange.cancel(dial);
    assert_eq!(server.answer(1.0, "ada", path), Err(AnswerError::UnknownDialer));
    assert_eq!(server.failed(), []);
}

#[test]
fn lesson_103_every_try_to_connect_is_an_order_of_its_own() {
    let mut runner = Runner::new(1);
    runner.start(Duration::ZERO);
    for _ in 0..20 {
        // So the driver resolves the name each time.
        assert_eq!(runner.poll(), Some(Order::Connect));
        let now = runner.deadline().unwrap() - seconds(1.0);
        runner.lost(now, None);
        let Status::Pausing(until) = runner.status() else { panic!("no pause") };
        assert!(until - now <= seconds(30.0));
        runner.tick(until);
    }
}

#[test]
fn lesson_106_both_ends_ping_at_least_every_15_seconds() {
    let mut server = server();
    server.register(0.0, None);
    let mut runner = Runner::new(1);
    runner.start(Duration::ZERO);
    runner.connected(Duration::ZERO);
    let (mut server_last, mut runner_last, mut now) = (0.0, 0.0, 0.0);
    while now < 120.0 {
        now += 0.5;
        server.exchange.tick(seconds(now));
        runner.tick(seconds(now));
        for event in server.events() {
            if let Event::Ping(link) = event {
                assert!(now - server_last <= 15.0);
                server_last = now;
                server.exchange.heard(seconds(now), link);
            }
            if let Event::Send(_, bytes) = event {
                runner.bytes(seconds(now), &bytes);
            }
        }
        while let Some(order) = runner.poll() {
            if order == Order::Ping {
                assert!(now - runner_last <= 15.0);
                runner_last = now;
            }
        }
    }
    assert!(server_last > 100.0 && runner_last > 100.0);
}

#[test]
fn a_silent_cut_is_noticed_by_the_runner_within_a_minute() {
    let mut runner = Runner::new(1);
    runner.start(Duration::ZERO);
    runner.connected(Duration::ZERO);
    runner.bytes(seconds(50.0), &Message::KeepAlive.encode());
    for now in 51..=75 {
        runner.tick(seconds(f64::from(now)));
    }
    assert!(matches!(runner.status(), Status::Pausing(until) if until <= seconds(76.0)));
}

#[test]
fn a_rival_waits_until_the_first_has_shown_that_it_lives() {
    let mut server = server();
    let first = server.register(0.0, Some(1));
    let rival = server.register(1.0, Some(2));
    assert!(server.events().contains(&Event::Ping(first)));
    server.exchange.heard(seconds(2.0), first);
    assert_eq!(server.events(), [Event::Close(rival, CloseWhy::Contested)]);

    let rival = server.register(3.0, Some(2));
    server.exchange.tick(seconds(8.0));
    let events = server.events();
    assert!(events.contains(&Event::Close(first, CloseWhy::Silent)) && events.contains(&Event::Up(desktop())));
    server.dial(8.0).unwrap();
    assert_eq!(server.asked(rival).len(), 1);
}

#[test]
fn somebody_elses_is_a_rival_whatever_it_says_of_itself() {
    for instance in [None, Some(1)] {
        let mut server = server();
        let first = server.register(0.0, Some(1));
        let instance = instance.map(|byte| InstanceId::new([byte; 16]));
        let who = Registration { runner: desktop(), owner: Owner("eve".to_owned()), instance };
        let rival = server.exchange.register(seconds(1.0), who).unwrap();
        assert!(server.events().contains(&Event::Ping(first)));
        server.exchange.heard(seconds(2.0), first);
        assert_eq!(server.events(), [Event::Close(rival, CloseWhy::Contested)]);
    }
}

#[test]
fn the_same_program_takes_its_own_place_at_once() {
    let mut server = server();
    let first = server.register(0.0, Some(1));
    let dial = server.dial(0.5).unwrap();
    let second = server.register(1.0, Some(1));
    assert_eq!(server.asked(second).len(), 1);
    assert!(!server.exchange.has(first) && server.exchange.has(second));
    assert_eq!(server.exchange.open_dials(), 1);
    server.exchange.cancel(dial);
}

#[test]
fn every_queue_is_bounded() {
    let mut server = Server::new(Limits { runners: 1, waiting: 3, asked: 2 });
    let link = server.register(0.0, None);
    let other = Registration { runner: "b".parse().unwrap(), owner: Owner(String::new()), instance: None };
    assert!(server.exchange.register(seconds(0.0), other).is_err());
    assert!(server.dial(1.0).is_ok() && server.dial(1.0).is_ok());
    assert_eq!(server.dial(1.0), Err(DialError::Busy(desktop(), 2)));
    server.exchange.lost(seconds(2.0), link);
    assert!(server.dial(2.0).is_ok());
    assert_eq!(server.dial(2.0), Err(DialError::TooManyWait(desktop(), 3)));
}

#[test]
fn a_runner_goes_only_where_the_server_is() {
    let mut runner = Runner::new(1);
    runner.start(Duration::ZERO);
    runner.connected(Duration::ZERO);
    while runner.poll().is_some() {}
    runner.bytes(Duration::ZERO, &Message::ConnReady("http://elsewhere/".to_owned()).encode());
    assert!(matches!(runner.poll(), Some(Order::Send(_))));
    assert_eq!(runner.poll(), None);
}
