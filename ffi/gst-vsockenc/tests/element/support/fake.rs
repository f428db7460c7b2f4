//! A host of the tests: it keeps what it gets, and answers as it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use lunette_frame::UnitKind;
use lunette_wire::hxfr::{ErrorCode, ErrorReply, FrameRequest, FrameResponse, Framer, Message, SessionId};

/// How a host answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// As programs do that know no tiles.
    Legacy,
    /// As often as it is allowed to.
    Hesitant,
    /// Not at all.
    Silent,
    /// With this.
    Refuses(ErrorCode),
}

/// The host.
pub(crate) struct FakeHost {
    pub(crate) tcp: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
    allowed: Arc<AtomicUsize>,
}

impl FakeHost {
    pub(crate) fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let tcp = listener.local_addr().expect("bound");
        let (seen, allowed) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicUsize>::default());
        let (keeps, may) = (Arc::clone(&seen), Arc::clone(&allowed));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (keeps, may) = (Arc::clone(&keeps), Arc::clone(&may));
                std::thread::spawn(move || serve(socket, habit, &keeps, &may));
            }
        });
        Self { tcp, seen, allowed }
    }

    /// Lets it answer one more request.
    pub(crate) fn allow(&self, more: usize) {
        self.allowed.fetch_add(more, Ordering::AcqRel);
    }

    pub(crate) fn seen(&self) -> Vec<Message> {
        self.seen.lock().expect("nobody panics with it").clone()
    }

    pub(crate) fn requests(&self) -> Vec<FrameRequest> {
        let request = |message| if let Message::FrameRequest(request) = message { Some(request) } else { None };
        self.seen().into_iter().filter_map(request).collect()
    }
}

fn serve(mut socket: TcpStream, habit: Habit, seen: &Mutex<Vec<Message>>, allowed: &Arc<AtomicUsize>) {
    let (mut framer, mut buffer) = (Framer::new(), vec![0; 64 << 10]);
    let (requests, asked) = channel();
    let (answers, allowed) = (socket.try_clone().expect("open"), Arc::clone(allowed));
    // It reads on while it hesitates.
    std::thread::spawn(move || answer_all(answers, habit, &asked, &allowed));
    while let Ok(read @ 1..) = socket.read(&mut buffer) {
        framer.push(&buffer[..read]);
        while let Some(received) = framer.next_message().expect("the element sends messages") {
            let message = received.body.expect("of a known kind");
            seen.lock().expect("nobody panics with it").push(message.clone());
            if let Message::FrameRequest(request) = message {
                // Nobody answers any more when the element has left.
                let _ = requests.send((received.session, request));
            }
        }
    }
}

fn answer_all(mut socket: TcpStream, habit: Habit, asked: &Receiver<(SessionId, FrameRequest)>, allowed: &AtomicUsize) {
    let mut first = true;
    for (session, request) in asked {
        let Some(answer) = answer(habit, &request, std::mem::take(&mut first), allowed) else { continue };
        let mut out = BytesMut::new();
        answer.encode(session, &mut out).expect("small");
        if socket.write_all(&out).is_err() {
            return;
        }
    }
}

fn answer(habit: Habit, request: &FrameRequest, first: bool, allowed: &AtomicUsize) -> Option<Message> {
    match habit {
        Habit::Silent => return None,
        Habit::Refuses(code) => return Some(Message::Error(ErrorReply::new(code, "as told"))),
        Habit::Hesitant => {
            while allowed.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_err() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        Habit::Legacy => {}
    }
    let kind = if first || request.force_keyframe { UnitKind::Idr } else { UnitKind::Delta };
    let nals = Bytes::from_static(&[0, 0, 0, 1, 0x41, 1, 2, 3]).into();
    Some(Message::FrameResponse(FrameResponse { pts: request.pts, dts: None, kind, kept: false, coarse: false, nals }))
}
