//! The client against hosts that keep to the protocol, and hosts that do not.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use lunette_frame::{ScanoutId, Size};
use lunette_screen::{Presence, Remedy, Screen, ScreenError, Standing};
use lunette_session::{Access, NotAllowed, Wish};
use lunette_wire::Token;
use lunette_wire::hxfr::{ErrorCode, ErrorReply, Framer, Message, ScanoutResponse, SessionId, StatusResponse};
use proptest::prelude::*;

const SCANOUT: ScanoutId = ScanoutId::new(3);
const SIZE: Size = Size::new(800, 600);
const TOKEN: Token = Token::new([1; 32]);
const SECRET: Token = Token::new([9; 32]);
const LONG: Duration = Duration::from_secs(20);
const STANDING: Standing = Standing {
    presence: Presence::On,
    size: Some(SIZE),
    age_ms: Some(4),
    pictures: 5,
    cursor_changes: 6,
    encoder: None,
};

/// A host that answers each message in turn; `None` ends the connection.
struct Host {
    address: String,
}

impl Host {
    fn start(answer: impl Fn(&Message) -> Option<Vec<Message>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            while let Ok((peer, _)) = listener.accept() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || converse(peer, &*answer));
            }
        });
        Self { address }
    }

    fn connect(&self, token: Token, limit: Duration) -> Result<Screen, ScreenError> {
        Screen::connect(&self.address, token, limit)
    }
}

fn converse(mut peer: TcpStream, answer: &dyn Fn(&Message) -> Option<Vec<Message>>) {
    let (mut framer, mut bytes) = (Framer::new(), [0; 512]);
    while let Ok(count @ 1..) = peer.read(&mut bytes) {
        framer.push(&bytes[..count]);
        while let Ok(Some(received)) = framer.next_message() {
            let Some(answers) = answer(&received.body.unwrap()) else { return };
            let mut out = BytesMut::new();
            answers.iter().for_each(|message| message.encode(SessionId::NONE, &mut out).unwrap());
            peer.write_all(&out).unwrap();
        }
    }
}

/// What a polite host says to what every connection starts with.
fn greet(message: &Message) -> Vec<Message> {
    if *message == Message::Ping { vec![Message::Pong] } else { Vec::new() }
}

fn response(success: bool, connector: &str) -> Message {
    Message::ScanoutResponse(ScanoutResponse { scanout: SCANOUT, success, connector: connector.to_owned() })
}

/// A host that answers every ENABLE_SCANOUT so.
fn resizing(success: bool, connector: impl Into<String>) -> Result<(), ScreenError> {
    let connector = connector.into();
    let host = Host::start(move |message| match message {
        Message::EnableScanout(_) => Some(vec![response(success, &connector)]),
        other => Some(greet(other)),
    });
    host.connect(TOKEN, LONG).unwrap().resize(SCANOUT, SIZE)
}

#[test]
fn a_scanout_says_how_it_is_doing_as_often_as_one_asks() {
    let other = StatusResponse { scanout: ScanoutId::new(4), standing: None };
    let host = Host::start(move |message| match message {
        // Somebody else's answer, first.
        Message::StatusRequest(asked) => Some(vec![
            Message::StatusResponse(other),
            Message::StatusResponse(StatusResponse { scanout: asked.scanout, standing: Some(STANDING) }),
        ]),
        other => Some(greet(other)),
    });
    let mut screen = host.connect(TOKEN, LONG).unwrap();
    for _ in 0..3 {
        assert_eq!(screen.status(SCANOUT).unwrap(), STANDING);
    }
}

#[test]
fn a_resize_says_what_came_of_it() {
    assert!(resizing(true, "Virtual-4").is_ok());
    let refused = resizing(false, "out of memory").unwrap_err();
    assert_eq!(refused.to_string(), "the host does not show scanout 3 at 800x600: out of memory");
    assert_eq!(refused.remedy(), Remedy::GiveUp);
    let busy = resizing(false, NotAllowed::Busy.to_string()).unwrap_err();
    assert!(matches!(busy, ScreenError::Busy) && busy.remedy() == Remedy::AskAgain);
    let wrong = resizing(false, NotAllowed::NeedsLease.to_string()).unwrap_err();
    assert!(matches!(wrong, ScreenError::NotAllowed(SCANOUT)));
}

#[test]
fn a_host_that_is_too_old_says_so_and_is_not_hung_up_on() {
    let host = Host::start(|message| match message {
        Message::StatusRequest(_) => {
            Some(vec![Message::Error(ErrorReply::new(ErrorCode::InvalidMessage, "unknown type 0x42"))])
        }
        Message::EnableScanout(_) => Some(vec![response(true, "Virtual-4")]),
        other => Some(greet(other)),
    });
    let mut screen = host.connect(TOKEN, LONG).unwrap();
    let error = screen.status(SCANOUT).unwrap_err();
    assert_eq!(error.to_string(), "the host answers with error -1: unknown type 0x42");
    assert_eq!(error.remedy(), Remedy::GiveUp);
    screen.resize(SCANOUT, SIZE).unwrap();
}

#[test]
fn a_host_that_hangs_up_must_be_connected_to_again() {
    let host = Host::start(|message| match message {
        Message::StatusRequest(_) => None,
        other => Some(greet(other)),
    });
    let mut screen = host.connect(TOKEN, LONG).unwrap();
    for _ in 0..2 {
        let error = screen.status(SCANOUT).unwrap_err();
        assert!(matches!(error, ScreenError::Closed) && error.remedy() == Remedy::Reconnect, "{error}");
    }
}

#[test]
fn a_late_answer_is_not_taken_for_the_next_one() {
    let host = Host::start(|message| match message {
        Message::StatusRequest(_) => Some(Vec::new()),
        other => Some(greet(other)),
    });
    let (limit, asked) = (Duration::from_millis(100), Instant::now());
    let mut screen = host.connect(TOKEN, limit).unwrap();
    assert!(matches!(screen.status(SCANOUT), Err(ScreenError::Late(late)) if late == limit));
    assert!(asked.elapsed() < LONG);
    assert!(matches!(screen.status(SCANOUT), Err(ScreenError::Closed)));
}

#[test]
fn what_speaks_no_hxfr_is_no_host() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let web = thread::spawn(move || {
        let mut peer = listener.accept().unwrap().0;
        peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until the client has left.
        while let Ok(1..) = peer.read(&mut [0; 64]) {}
    });
    let error = Screen::connect(&address, TOKEN, LONG).unwrap_err();
    assert!(matches!(error, ScreenError::Stream(_)) && error.remedy() == Remedy::GiveUp, "{error}");
    web.join().unwrap();
}

#[test]
fn a_missing_host_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Screen::connect(&address, TOKEN, LONG).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to the host at {address}"));
    assert_eq!(error.remedy(), Remedy::Reconnect);
}

/// Answers by the rule of real hosts, with scanout 3 granted to [`TOKEN`].
fn strict(shown: &mut Option<Token>, access: &Access, message: &Message) -> Vec<Message> {
    let allows = |wish| access.judge(wish, shown.as_ref());
    match message {
        Message::Authorize(authorize) => {
            *shown = Some(authorize.token);
            Vec::new()
        }
        Message::StatusRequest(asked) => {
            let standing = allows(Wish::Status(asked.scanout)).ok().map(|_| STANDING);
            vec![Message::StatusResponse(StatusResponse { scanout: asked.scanout, standing })]
        }
        Message::EnableScanout(enable) => {
            let refusal = allows(Wish::Enable(enable.scanout)).err().map(|refusal| refusal.to_string());
            let (success, connector) = (refusal.is_none(), refusal.unwrap_or_default());
            vec![Message::ScanoutResponse(ScanoutResponse { scanout: enable.scanout, success, connector })]
        }
        other => greet(other),
    }
}

fn strict_host() -> Host {
    let mut access = Access::strict(SECRET);
    access.grant(SCANOUT, TOKEN);
    let shown = std::sync::Mutex::new(None);
    Host::start(move |message| Some(strict(&mut shown.lock().unwrap(), &access, message)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_wrong_token_or_scanout_is_never_allowed_and_the_right_one_always(byte in 0..4u8, scanout in 2..5u16) {
        let scanout = ScanoutId::new(scanout);
        let mut screen = strict_host().connect(Token::new([byte; 32]), LONG).unwrap();
        let (status, resized) = (screen.status(scanout), screen.resize(scanout, SIZE));
        if byte == 1 && scanout == SCANOUT {
            prop_assert!(status.is_ok() && resized.is_ok());
        } else {
            prop_assert!(matches!(status, Err(ScreenError::NotAllowed(named)) if named == scanout));
            prop_assert!(matches!(resized, Err(ScreenError::NotAllowed(named)) if named == scanout));
        }
    }
}
