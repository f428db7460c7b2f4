//! One viewer's socket: read, feed, drain, write.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use lunette_auth::{Identity, Scope};
use lunette_frame::{BitRate, Size};
use lunette_input_events::{Kind, Permission, Refusal};
use lunette_session::{Facts, Flow, Hears, Joining, Out, Payload, Picture, Viewer};
use lunette_wire::stream::{
    ClientMessage, CloseCode, Init, InputRequest, Refused, RefusedThing, ServerControl, StreamError, VideoMode,
};
use tokio::time::sleep_until;

use crate::farewell::{close_frame, see_off};
use crate::lounge::Line;
use crate::throttle::Throttle;
use crate::writer::{CannotWrite, Writer};
use crate::{Desk, NoVideo, Seat, Unit, Waiting, Watching};

/// For the stream's size to be known, before a viewer is told another.
const SIZE: Duration = Duration::from_secs(1);
/// How often it is looked whether held-back pictures are too old, or may go out after all.
const LOOK: Duration = Duration::from_millis(25);

/// Serves one viewer until its connection ends.
pub async fn serve_viewer(socket: WebSocket, desk: Desk, identity: Identity) {
    let (sink, mut stream) = socket.split();
    let mut connection = Connection::new(desk, identity, Writer::new(sink));
    while connection.drain().is_ok() && !connection.viewer.is_over() {
        connection.note();
        let happened = connection.happening(&mut stream).await;
        connection.handle(happened);
    }
    connection.note();
    // What the viewer held down comes up before anything is waited for.
    connection.seat = None;
    connection.watching = None;
    let Connection { writer, desk, line, .. } = connection;
    writer.finish().await;
    // It has been told; a server that ends waits no longer.
    drop((desk, line));
    see_off(&mut stream).await;
}

type Incoming = futures_util::stream::SplitStream<WebSocket>;

/// What can happen to a connection.
enum Happening {
    Message(Message),
    Gone,
    Unit(Result<Unit, NoVideo>),
    Letter,
    Drained,
    Timeout,
    Resized(Result<(), NoVideo>),
    Closing,
}

struct Connection {
    line: Line,
    desk: Desk,
    identity: Identity,
    viewer: Viewer,
    writer: Writer,
    seat: Option<Seat>,
    watching: Option<Box<dyn Watching>>,
    rate: Option<BitRate>,
    flow: Flow,
    resizing: Option<Waiting<'static, Result<(), NoVideo>>>,
    size: Size,
    throttle: Throttle,
    /// What a viewer asked for that has a seat, until when it is not told what the stream is.
    welcoming: Option<(Box<Init>, Duration)>,
}

/// What screens draw where nobody says more.
const USUAL_FPS: u8 = 60;

impl Connection {
    fn new(desk: Desk, identity: Identity, writer: Writer) -> Self {
        let viewer = Viewer::new(desk.lounge.now(), desk.limits);
        let (size, line) = (desk.lounge.size(), desk.lounge.attend());
        Self {
            line,
            desk,
            identity,
            viewer,
            writer,
            seat: None,
            watching: None,
            rate: None,
            flow: Flow::Going,
            resizing: None,
            size,
            throttle: Throttle::default(),
            welcoming: None,
        }
    }

    /// Says how it is doing, for who asks.
    fn note(&self) {
        let subscriber = self.watching.as_ref().map(|watching| watching.subscriber());
        self.line.note(self.seat.as_ref(), subscriber, self.viewer.counters());
    }

    fn now(&self) -> Duration {
        self.desk.lounge.now()
    }

    async fn happening(&mut self, stream: &mut Incoming) -> Happening {
        let now = self.now();
        let wanted = self.viewer.wants_unit(now);
        self.tell_flow(wanted);
        let looks = self.welcoming.is_some();
        let held_back = !wanted && self.watching.is_some();
        let due = self
            .viewer
            .next_timeout()
            .map_or(now + LOOK, |at| if held_back || looks { at.min(now + LOOK) } else { at });
        let due = self.throttle.next_timeout().map_or(due, |at| at.min(due));
        let due = self.desk.lounge.at(due);
        let (idle, drained) = (self.writer.is_idle(), self.writer.drained());
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(message)) => Happening::Message(message),
                Some(Err(_)) | None => Happening::Gone,
            },
            unit = next_unit(self.watching.as_deref_mut()), if wanted => Happening::Unit(unit),
            // Letters wait where the newer replaces the older, until there is room for them.
            () = letter(self.seat.as_ref()), if idle && !looks => Happening::Letter,
            () = drained.notified(), if !idle => Happening::Drained,
            done = resized(self.resizing.as_mut()) => Happening::Resized(done),
            () = self.writer.broken() => Happening::Gone,
            () = closing(&mut self.desk.closing) => Happening::Closing,
            () = sleep_until(due) => Happening::Timeout,
        }
    }

    fn tell_flow(&mut self, takes: bool) {
        let flow = if takes { Flow::Going } else { Flow::Held };
        if let Some(watching) = self.watching.as_mut().filter(|_| self.flow != flow) {
            watching.hold(flow);
            self.flow = flow;
        }
    }

    fn handle(&mut self, happening: Happening) {
        let now = self.now();
        match happening {
            Happening::Message(message) => self.hear(now, message),
            Happening::Gone => self.viewer.handle_gone(),
            Happening::Unit(Ok(unit)) => self.hand_on(now, unit),
            Happening::Unit(Err(end)) => {
                self.watching = None;
                self.viewer.fail(CloseCode::GoingAway, StreamError::with_detail(&end.reason, &end.detail));
            }
            Happening::Letter => self.read_letters(),
            Happening::Drained => {}
            Happening::Timeout => self.look(now),
            Happening::Resized(done) => self.resized(done),
            Happening::Closing => {
                self.viewer.fail(CloseCode::Stopping, StreamError::new("The server is stopping."));
            }
        }
    }

    fn hear(&mut self, now: Duration, message: Message) {
        let is_move = matches!(&message, Message::Binary(bytes) if ClientMessage::is_move(bytes));
        if !is_move {
            self.count(now);
        }
        match message {
            Message::Text(text) => self.viewer.handle_text(now, &text),
            Message::Binary(bytes) => self.viewer.handle_binary(now, &bytes),
            Message::Pong(payload) => self.viewer.handle_pong(now, &payload),
            // The library answers pings by itself.
            Message::Ping(_) => {}
            Message::Close(_) => self.viewer.handle_gone(),
        }
    }

    /// Who says too much holds up everybody.
    fn count(&mut self, now: Duration) {
        if let Err(too_much) = self.throttle.message(now) {
            let error = StreamError::with_detail("The viewer sent too much.", &too_much.to_string());
            self.viewer.fail(CloseCode::Violation, error);
        }
    }

    fn hand_on(&mut self, now: Duration, unit: Unit) {
        if unit.unit.size != self.size {
            self.size = unit.unit.size;
            self.desk.lounge.set_size(self.size);
        }
        let handed = self.desk.video.clock();
        self.viewer.handle_unit(now, &Picture { unit: unit.unit, replay: unit.replay, encoded: unit.encoded, handed });
    }

    fn look(&mut self, now: Duration) {
        if let Some(watching) = &self.watching {
            self.viewer.handle_backlog(now, watching.queued_for());
        }
        self.viewer.handle_timeout(now);
        self.throttle.handle_timeout(now);
        self.give_input();
        self.welcome(now);
    }

    fn read_letters(&mut self) {
        while let Some(letter) = self.seat.as_ref().and_then(Seat::take_letter) {
            self.viewer.handle_letter(&letter);
        }
    }

    /// Does what the session asks for. Fails when the peer takes nothing any more.
    fn drain(&mut self) -> Result<(), CannotWrite> {
        while let Some(out) = self.viewer.poll_output() {
            match self.act(out) {
                Err(CannotWrite::Full(message)) => return self.give_up(message),
                done => done?,
            }
        }
        Ok(())
    }

    /// The queue of what must not be left out is full: says so behind what is in it.
    fn give_up(&mut self, message: Message) -> Result<(), CannotWrite> {
        let text = "The connection was too slow to take what is sent to it.";
        self.viewer.fail(CloseCode::TooSlow, StreamError::new(text));
        let rest = std::iter::from_fn(|| self.viewer.poll_output()).filter_map(into_message);
        let rest: Vec<_> = std::iter::once(message).chain(rest).collect();
        // The last two are why, and the end.
        rest.into_iter().rev().take(2).rev().try_for_each(|message| self.writer.send_last(message))
    }

    fn act(&mut self, out: Out) -> Result<(), CannotWrite> {
        match out {
            Out::Send(_) | Out::Ping(_) | Out::Close(_) => {
                return into_message(out).map_or(Ok(()), |message| self.writer.send(message));
            }
            Out::Join(init) => self.join(&init),
            Out::Pong(ping) => {
                let server_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let server_time = u64::try_from(server_time.as_micros()).unwrap_or(u64::MAX);
                self.viewer.pong(ping, server_time, self.desk.lateness.lateness(), self.desk.video.clock());
            }
            Out::Hops => self.viewer.answer(ServerControl::Hops(self.desk.video.hops())),
            Out::Video(wanted) => self.watch(wanted),
            Out::Rate(rate) => {
                self.rate = rate;
                if let Some(watching) = &mut self.watching {
                    watching.set_rate(rate);
                }
            }
            Out::FallBehind => {
                if let Some(watching) = &mut self.watching {
                    watching.fall_behind();
                }
            }
            Out::Resize(size) => self.resize(size),
            Out::Input(event) => {
                self.throttle.input(self.now(), event);
                self.give_input();
            }
            Out::ReleaseKeys => {
                if let Some(seat) = &self.seat {
                    seat.release_keys();
                }
            }
            Out::Ask(request) => self.ask(request),
            Out::Nonsense(what) => {
                tracing::debug!(what, "a viewer's message makes no sense");
                self.count(self.now());
            }
        }
        Ok(())
    }

    fn give_input(&mut self) {
        while let Some(event) = self.throttle.poll() {
            let done = self.seat.as_ref().map_or(Ok(()), |seat| seat.input(event));
            if let Err(refusal) = done {
                self.viewer.refused(self.desk.lounge.now(), &refusal);
            }
        }
    }

    fn ask(&mut self, request: InputRequest) {
        if let Some(Err(refusal)) = self.seat.as_ref().map(|seat| seat.ask(request)) {
            self.viewer.answer(refused(RefusedThing::Control, &refusal.to_string()));
        }
    }

    fn join(&mut self, init: &Init) {
        if let Err(error) = self.check_mode(init.video_mode.or(self.desk.asked_mode)) {
            return self.viewer.fail(CloseCode::Violation, error);
        }
        match self.desk.lounge.join(self.joining(init)) {
            Ok(seat) => self.seat = Some(seat),
            Err(refusal) => {
                let error = StreamError::with_detail("There is no room for another viewer.", &refusal.to_string());
                return self.viewer.fail(CloseCode::GoingAway, error);
            }
        }
        // The stream starts now, and may say what it is.
        self.watch(true);
        let now = self.now();
        self.welcoming = Some((Box::new(init.clone()), now + SIZE));
        self.welcome(now);
    }

    /// Tells a viewer what the stream is: its size as soon as it is known.
    fn welcome(&mut self, now: Duration) {
        let video = self.desk.video.facts();
        let is_time = |(_, until): &mut (Box<Init>, Duration)| video.size.is_some() || now >= *until;
        let Some((init, _)) = self.welcoming.take_if(is_time) else { return };
        let cursor = self.desk.lounge.cursor();
        let size = video.size.unwrap_or(self.size);
        let fps = video.fps.map_or(init.fps.min(USUAL_FPS), |fps| frames(fps.as_f64()));
        let may_resize = video.resizable && self.identity.has(Scope::Control);
        let clipboard = self.desk.clipboard && self.identity.has(Scope::Control);
        self.viewer.joined(&Facts { size, fps, cursor, resizable: may_resize, clipboard });
        // Who is here comes before the first picture, however soon that is there.
        self.read_letters();
    }

    /// Who has not asked for a way gets the one that there is.
    fn check_mode(&self, asked: Option<VideoMode>) -> Result<(), StreamError> {
        match asked {
            Some(asked) if self.desk.mode.is_some_and(|mode| mode != asked) => {
                let detail =
                    format!("video mode {asked:?} was asked for; leave it out, or ask for {:?}", self.desk.mode);
                Err(StreamError::with_detail("This desktop's pictures are not captured in that way.", &detail))
            }
            _ => Ok(()),
        }
    }

    fn joining(&self, init: &Init) -> Joining {
        let may_control = self.identity.has(Scope::Control);
        let name = self.identity.name().or(init.user_name.as_deref()).unwrap_or_default();
        Joining {
            kind: if self.identity.is_agent() { Kind::Agent } else { Kind::Person },
            name: name.to_owned(),
            permission: if may_control { Permission::MayControl } else { Permission::ViewOnly },
            unique_id: init.client_unique_id.clone(),
            user_id: init.user_id.clone().unwrap_or_default(),
            avatar_url: init.avatar_url.clone().unwrap_or_default(),
            hears: if init.knows_extensions() { Hears::Extensions } else { Hears::Protocol },
        }
    }

    fn watch(&mut self, wanted: bool) {
        self.watching = None;
        self.flow = Flow::Going;
        if !wanted {
            return;
        }
        match self.desk.video.join() {
            Ok(mut watching) => {
                watching.set_rate(self.rate);
                self.watching = Some(watching);
            }
            Err(none) => {
                self.viewer.fail(CloseCode::GoingAway, StreamError::with_detail(&none.reason, &none.detail));
            }
        }
    }

    fn resize(&mut self, size: Size) {
        let may = self.identity.has(Scope::Control) && self.seat.as_ref().is_some_and(Seat::may_act);
        if !may {
            let reason = Refusal::ViewOnly.to_string();
            return self.viewer.answer(refused(RefusedThing::Resize, &reason));
        }
        if self.resizing.is_none() {
            let video = Arc::clone(&self.desk.video);
            self.resizing = Some(Box::pin(async move { video.resize(size).await }));
        }
    }

    fn resized(&mut self, done: Result<(), NoVideo>) {
        self.resizing = None;
        if let Err(none) = done {
            self.viewer.answer(refused(RefusedThing::Resize, &none.reason));
        }
    }
}

fn into_message(out: Out) -> Option<Message> {
    match out {
        Out::Send(Payload::Binary(bytes)) => Some(Message::Binary(bytes)),
        Out::Send(Payload::Text(text)) => Some(Message::Text(text.into())),
        Out::Ping(bytes) => Some(Message::Ping(bytes)),
        Out::Close(code) => Some(Message::Close(Some(close_frame(code)))),
        _ => None,
    }
}

fn refused(what: RefusedThing, reason: &str) -> ServerControl {
    ServerControl::Refused(Refused { what, reason: reason.to_owned() })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn frames(rate: f64) -> u8 {
    rate.round().clamp(1.0, 255.0) as u8
}

async fn next_unit(watching: Option<&mut (dyn Watching + 'static)>) -> Result<Unit, NoVideo> {
    match watching {
        Some(watching) => watching.next().await,
        None => std::future::pending().await,
    }
}

async fn letter(seat: Option<&Seat>) {
    match seat {
        Some(seat) => seat.letter_came().await,
        None => std::future::pending().await,
    }
}

async fn resized(resizing: Option<&mut Waiting<'static, Result<(), NoVideo>>>) -> Result<(), NoVideo> {
    match resizing {
        Some(resizing) => resizing.await,
        None => std::future::pending().await,
    }
}

async fn closing(closing: &mut crate::Closing) {
    // Its sender is gone only with the server.
    if closing.wait_for(|closing| *closing).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
