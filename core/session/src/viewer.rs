//! One viewer's connection, as the server sees it.
//!
//! ```text
//!             init                 joined                  pause
//!   Waiting ────────▶ Joining ────────────▶ Watching ◀────────────▶ Paused
//!      │ 30 s, no init   │ no video            │ superseded, silent, too slow, stream over, server stops
//!      └─────────────────┴───────▶ Over ◀──────┘   StreamError where there is a cause, then one close
//! ```
//! Pictures are asked for one at a time, when [`Viewer::wants_unit`] says so: what is not asked for waits where it can
//! still be left out. Everything else goes out at once.

mod limits;
mod out;
mod pulse;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{BitRate, Pts};
use lunette_input_events::{ParticipantId, Refusal};
use lunette_wire::stream::{
    Capabilities, Ceiling, ClientControl, ClientMessage, CloseCode, Codec, ConnectionComplete, CursorName, Feedback,
    Init, InputMessage, Lateness, Ping, Playing, Pong, Question, Refused, RefusedThing, ServerControl, ServerMessage,
    StreamClock, StreamError, StreamInit, Timing, VideoHead, VideoState,
};

use crate::counters::ViewerCounters;
use crate::mailbox::Letter;
use crate::pacing::Pacing;
pub use limits::ViewerLimits;
pub use out::{Facts, Out, Payload, Picture};
use pulse::Pulse;

/// Pictures that may wait for a client's decoder: more would only make it later.
const MOST_UNDECODED: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Joining,
    Watching,
    Paused,
    Over,
}

/// One viewer's connection.
#[derive(Debug)]
pub struct Viewer {
    limits: ViewerLimits,
    state: State,
    pulse: Pulse,
    pacing: Pacing,
    out: VecDeque<Out>,
    /// Whether the client knows our extensions.
    extended: bool,
    timings: bool,
    /// Bytes of pictures that were handed over, and capture time of the last.
    sent_bytes: u64,
    last_pts: u64,
    encoder_latency: Duration,
    /// What the client itself asked for, apart from what its link can do.
    wanted_rate: Option<BitRate>,
    narrow_rate: Option<BitRate>,
    fell_behind: bool,
    /// Pictures that wait for the client's decoder.
    undecoded: u8,
    last_refusal: Option<Duration>,
    told_state: Option<VideoState>,
    /// When it is told of a pointer although nothing is known of the desktop's.
    pointer_due: Option<Duration>,
    counters: ViewerCounters,
}

impl Viewer {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new(now: Duration, limits: ViewerLimits) -> Self {
        Self {
            limits,
            state: State::Waiting,
            pulse: Pulse::new(now),
            pacing: Pacing::new(),
            out: VecDeque::new(),
            extended: false,
            timings: false,
            sent_bytes: 0,
            last_pts: 0,
            encoder_latency: Duration::ZERO,
            wanted_rate: None,
            narrow_rate: None,
            fell_behind: false,
            undecoded: 0,
            last_refusal: None,
            told_state: None,
            pointer_due: None,
            counters: ViewerCounters::default(),
        }
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &ViewerCounters {
        &self.counters
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    /// Whether the connection is over: nothing is sent after what [`Viewer::poll_output`] still has.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// A text message: the init, and later nothing that means anything.
    pub fn handle_text(&mut self, now: Duration, text: &str) {
        self.pulse.spoke(now);
        if self.is_too_long(text.len()) || self.state != State::Waiting {
            return;
        }
        match Init::parse(text) {
            Ok(init) => {
                self.state = State::Joining;
                self.extended = init.knows_extensions();
                self.wanted_rate = init.bit_rate;
                self.ping(now);
                self.out.push_back(Out::Join(Box::new(init)));
            }
            Err(error) => {
                let error =
                    StreamError::with_detail("The viewer's first message was not understood.", &error.to_string());
                self.fail(CloseCode::Violation, error);
            }
        }
    }

    /// The desktop is joined.
    pub fn joined(&mut self, facts: &Facts) {
        if self.state != State::Joining {
            return;
        }
        self.state = State::Watching;
        let (width, height) = VideoHead::sides(facts.size).unwrap_or((u16::MAX, u16::MAX));
        let init = StreamInit { codec: Codec::H264, width, height, fps: facts.fps, touch: true };
        self.send(&ServerMessage::StreamInit(init));
        match &facts.cursor {
            Some(cursor) => self.send(cursor),
            None => self.pointer_due = Some(self.pulse.last_heard() + self.limits.pointer),
        }
        let capabilities =
            Capabilities { touch: true, feedback: true, resize: facts.resizable, clipboard: facts.clipboard };
        let complete = ConnectionComplete { capabilities, width: facts.size.width, height: facts.size.height };
        self.out.push_back(Out::Send(Payload::Text(complete.encode())));
        // What a newcomer takes for granted; only what differs from it is told.
        self.told_state = Some(VideoState { state: Playing::Playing, bits_per_second: None });
        self.tell_rate();
    }

    /// A binary message.
    pub fn handle_binary(&mut self, now: Duration, bytes: &[u8]) {
        self.pulse.spoke(now);
        if self.is_too_long(bytes.len()) || !matches!(self.state, State::Watching | State::Paused) {
            return;
        }
        match ClientMessage::decode(bytes) {
            Ok(ClientMessage::Ping(ping)) => self.out.push_back(Out::Pong(ping)),
            Ok(ClientMessage::Feedback(feedback)) => self.feedback(now, &feedback),
            Ok(ClientMessage::Control(control)) => self.control(&control),
            Ok(ClientMessage::Reserved(_)) => {}
            Ok(ClientMessage::Input(input)) => {
                self.pulse.acted();
                self.out.extend(input.into_event().map(Out::Input));
            }
            Err(error) => {
                if bytes.first() == Some(&0x20) {
                    let refused = Refused { what: RefusedThing::Control, reason: error.to_string() };
                    self.answer(ServerControl::Refused(refused));
                }
                self.counters.nonsense += 1;
                self.out.push_back(Out::Nonsense(error.to_string()));
            }
        }
    }

    /// Ends the connection when a message is longer than any may be.
    fn is_too_long(&mut self, size: usize) -> bool {
        let limit = self.limits.message;
        if size > limit {
            let detail = format!("a message of {size} bytes: {limit} are possible");
            self.fail(CloseCode::Violation, StreamError::with_detail("The viewer sent too much at once.", &detail));
        }
        size > limit
    }

    /// A message of `/ws/input`, whose connections need no init.
    #[must_use]
    pub fn read_input_message(bytes: &[u8]) -> Option<lunette_input_events::Event> {
        InputMessage::decode(bytes).ok()?.into_event()
    }

    /// A pong of the WebSocket itself, with the ping's bytes.
    pub fn handle_pong(&mut self, now: Duration, payload: &[u8]) {
        self.pulse.heard(now);
        if let Some(echo) = self.pulse.pong(now, payload) {
            if echo.alone {
                self.pacing.round_trip(now, echo.round_trip);
                self.counters.round_trips.note(echo.round_trip);
            }
            // It came behind everything that was sent before the ping.
            self.pacing.confirm(now, echo.sent_bytes);
            self.tell_rate_at(now);
        }
    }

    /// Answers a ping of the client.
    pub fn pong(&mut self, ping: Ping, server_time_us: u64, lateness: Lateness, clock: Option<Pts>) {
        let stream_clock = if self.extended {
            clock.map_or(StreamClock::Unknown, |clock| StreamClock::at(clock.as_nanos() / 1000))
        } else {
            StreamClock::Untold
        };
        let encoder_latency_ms = u16::try_from(self.encoder_latency.as_millis()).unwrap_or(u16::MAX);
        let (seq, client_time_us) = (ping.seq, ping.client_time_us);
        self.send(&ServerMessage::Pong(Pong {
            seq,
            client_time_us,
            server_time_us,
            encoder_latency_ms,
            lateness,
            stream_clock,
        }));
    }

    /// Whether the next picture should be asked for now.
    pub fn wants_unit(&mut self, now: Duration) -> bool {
        self.state == State::Watching && self.takes_more(now)
    }

    /// Whether neither the link nor the client's decoder has too much to do.
    fn takes_more(&mut self, now: Duration) -> bool {
        self.undecoded <= MOST_UNDECODED && self.pacing.may_send(now)
    }

    /// The next picture.
    pub fn handle_unit(&mut self, now: Duration, picture: &Picture) {
        if self.state != State::Watching {
            return;
        }
        self.fell_behind = false;
        // The wire's clock is coarser than ours; it must still never stand.
        let pts_us = (picture.unit.pts.as_nanos() / 1000).max(self.last_pts + 1);
        self.last_pts = pts_us;
        if let Some(encoded) = picture.encoded {
            self.encoder_latency = encoded.since(picture.unit.pts);
        }
        let Some((width, height)) = VideoHead::sides(picture.unit.size) else { return };
        let keyframe = picture.unit.is_idr();
        let head = VideoHead { codec: Codec::H264, keyframe, replay: picture.replay, pts_us, width, height };
        let message = head.message(&picture.unit.data);
        self.sent_bytes += message.len() as u64;
        self.counters.pictures += 1;
        self.counters.keyframes += u64::from(keyframe);
        self.counters.bytes = self.sent_bytes;
        self.pacing.sent(now, message.len());
        self.out.push_back(Out::Send(Payload::Binary(message)));
        if self.timings {
            self.send_timing(pts_us, picture);
        }
        self.probe(now);
    }

    /// Who does not report what arrived is asked, behind what was sent.
    fn probe(&mut self, now: Duration) {
        if !self.extended && self.pacing.in_flight() > 0 && self.pulse.may_probe(now) {
            self.ping(now);
        }
    }

    /// Pictures wait, the oldest for so long.
    pub fn handle_backlog(&mut self, now: Duration, waits: Duration) {
        if self.state == State::Watching && !self.fell_behind && waits > self.limits.behind && !self.takes_more(now) {
            self.fell_behind = true;
            self.counters.fell_behind += 1;
            self.out.push_back(Out::FallBehind);
        }
    }

    /// A letter of the room.
    pub fn handle_letter(&mut self, letter: &Letter) {
        match letter {
            Letter::Message(message) => {
                if matches!(message, ServerMessage::CursorImage(_) | ServerMessage::CursorName(_)) {
                    self.pointer_due = None;
                }
                self.send(message);
            }
            Letter::Superseded => {
                let text = "This desktop was opened again in another window, which took this one's place.";
                self.fail(CloseCode::Superseded, StreamError::new(text));
            }
            Letter::Overflow => {
                let text = "The connection was too slow to hear what happens on this desktop.";
                self.fail(CloseCode::TooSlow, StreamError::new(text));
            }
        }
    }

    /// Input was refused: said at most twice a second, since every further key would say the same.
    pub fn refused(&mut self, now: Duration, refusal: &Refusal) {
        if self.last_refusal.is_some_and(|last| now.saturating_sub(last) < self.limits.refusal) {
            return;
        }
        self.last_refusal = Some(now);
        self.answer(ServerControl::Refused(Refused { what: RefusedThing::Input, reason: refusal.to_string() }));
    }

    /// Sends a control message, to a client that knows them.
    pub fn answer(&mut self, control: ServerControl) {
        if self.extended && !self.is_over() {
            self.send(&ServerMessage::Control(control));
        }
    }

    /// Ends the connection, saying why.
    pub fn fail(&mut self, code: CloseCode, error: StreamError) {
        if self.is_over() {
            return;
        }
        self.send(&ServerMessage::StreamError(error));
        self.out.push_back(Out::Close(code));
        self.state = State::Over;
    }

    /// The peer is gone.
    pub fn handle_gone(&mut self) {
        self.state = State::Over;
    }

    /// When [`Viewer::handle_timeout`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        let at = match self.state {
            State::Over => return None,
            State::Waiting => self.pulse.born() + self.limits.init,
            _ => self.pulse.last_heard() + self.limits.silence,
        };
        let ping = self.pulse.last_ping() + self.limits.ping;
        let probe = (!self.extended && self.pacing.in_flight() > 0).then(|| self.pulse.next_probe()).flatten();
        let hands = self.pulse.lets_go_at(self.limits.hands);
        Some([probe, self.pointer_due, hands].into_iter().flatten().fold(at.min(ping), Duration::min))
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        let limit = if self.state == State::Waiting {
            self.pulse.born() + self.limits.init
        } else {
            self.pulse.last_heard() + self.limits.silence
        };
        if self.is_over() {
            return;
        }
        if self.pointer_due.is_some_and(|due| now >= due) {
            self.pointer_due = None;
            self.send(&ServerMessage::CursorName(usual_pointer()));
        }
        if self.pulse.lets_go_at(self.limits.hands).is_some_and(|due| now >= due) {
            self.pulse.let_go();
            self.out.push_back(Out::ReleaseKeys);
        }
        // A link that confirms nothing any more is known by that alone.
        self.tell_rate_at(now);
        if now >= limit {
            let text = match self.state {
                State::Waiting => "The viewer did not say what it wants.",
                _ => "Nothing was heard of the viewer for too long.",
            };
            self.fail(CloseCode::GoingAway, StreamError::new(text));
        } else if now >= self.pulse.last_ping() + self.limits.ping {
            self.ping(now);
        } else {
            self.probe(now);
        }
    }

    fn control(&mut self, control: &ClientControl) {
        match control.set_video_enabled {
            Some(true) if self.state == State::Paused => self.pause(State::Watching),
            Some(false) if self.state == State::Watching => self.pause(State::Paused),
            _ => {}
        }
        if let Some(timings) = control.timings {
            self.timings = timings && self.extended;
        }
        if control.release_keys {
            self.out.push_back(Out::ReleaseKeys);
        }
        self.out.extend(control.input.map(Out::Ask));
        self.out.extend(control.resize.map(|resize| Out::Resize(resize.size())));
        if control.ask == Some(Question::Hops) {
            self.out.push_back(Out::Hops);
        }
        if let Some(ceiling) = control.max_bitrate {
            self.wanted_rate = match ceiling {
                Ceiling::Open => None,
                Ceiling::Kilobits(kilobits) => Some(BitRate::from_bits_per_second(kilobits.get().saturating_mul(1000))),
            };
            self.tell_rate();
        }
    }

    fn pause(&mut self, state: State) {
        self.state = state;
        self.out.push_back(Out::Video(state == State::Watching));
        self.tell_video_state();
    }

    fn feedback(&mut self, now: Duration, feedback: &Feedback) {
        self.undecoded = feedback.decode_queue;
        self.pacing.confirm(now, feedback.received_bytes);
        self.tell_rate_at(now);
    }

    fn tell_rate_at(&mut self, now: Duration) {
        if let Some(rate) = self.pacing.poll_rate(now) {
            self.narrow_rate = rate;
            self.tell_rate();
        }
    }

    fn tell_rate(&mut self) {
        let rate = [self.wanted_rate, self.narrow_rate].into_iter().flatten().min();
        self.out.push_back(Out::Rate(rate));
        self.tell_video_state();
    }

    fn tell_video_state(&mut self) {
        let state = match (self.state, self.narrow_rate) {
            (State::Paused, _) => Playing::Paused,
            (_, Some(_)) => Playing::Slow,
            (_, None) => Playing::Playing,
        };
        let bits_per_second = self.narrow_rate.map(|rate| u64::from(rate.bits_per_second()));
        let news = VideoState { state, bits_per_second };
        if self.told_state.replace(news) != Some(news) {
            self.answer(ServerControl::Video(news));
        }
    }

    fn send_timing(&mut self, pts_us: u64, picture: &Picture) {
        let micros = |time: Duration| u32::try_from(time.as_micros()).ok();
        let encoded_us = picture.encoded.and_then(|encoded| micros(encoded.since(picture.unit.pts)));
        let sent = picture.handed.map_or(0, |handed| micros(handed.since(picture.unit.pts)).unwrap_or(u32::MAX));
        self.send(&ServerMessage::Timing(Timing { pts_us, encoded_us, sent_us: sent }));
    }

    fn ping(&mut self, now: Duration) {
        let alone = self.pacing.in_flight() == 0;
        let payload = self.pulse.ping(now, self.sent_bytes, alone);
        self.out.push_back(Out::Ping(Bytes::copy_from_slice(&payload)));
    }

    fn send(&mut self, message: &ServerMessage) {
        if !self.is_over() {
            self.out.push_back(Out::Send(Payload::Binary(message.encode())));
        }
    }
}

fn usual_pointer() -> CursorName {
    CursorName { last_mover: ParticipantId(0), hot_x: 0, hot_y: 0, name: "default".to_owned() }
}
