//! A connection on a clock of its own.

use std::num::NonZeroU64;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{AccessUnit, Pts, Size, UnitKind};
use lunette_input_events::ParticipantId;
use lunette_session::{Facts, Out, Payload, Picture, Viewer, ViewerLimits};
use lunette_wire::stream::{ClientControl, ClientMessage, CloseCode, CursorName, Feedback, ServerMessage};

pub(crate) const SIZE: Size = Size::new(640, 360);

/// A connection, the time, and what came out.
pub(crate) struct Table {
    pub(crate) viewer: Viewer,
    pub(crate) now: Duration,
    pub(crate) pictures: u64,
    pub(crate) sent_bytes: u64,
}

impl Table {
    pub(crate) fn new() -> Self {
        let now = Duration::from_secs(100);
        Self { viewer: Viewer::new(now, ViewerLimits::default()), now, pictures: 0, sent_bytes: 0 }
    }

    /// One that watches; what it was sent so far is forgotten.
    pub(crate) fn watching(init: &str) -> Self {
        let mut table = Self::new();
        table.viewer.handle_text(table.now, init);
        let out = table.outputs();
        assert!(out.iter().any(|out| matches!(out, Out::Join(_))), "{out:?}");
        table.viewer.joined(&Facts { cursor: Some(arrow()), ..Facts::of(SIZE) });
        table.outputs();
        table
    }

    pub(crate) fn outputs(&mut self) -> Vec<Out> {
        std::iter::from_fn(|| self.viewer.poll_output()).collect()
    }

    /// What it is sent in binary, and as control messages in JSON.
    pub(crate) fn messages(&mut self) -> Vec<ServerMessage> {
        let binary = |out| match out {
            Out::Send(Payload::Binary(bytes)) => Some(ServerMessage::decode(&bytes).expect("of the protocol")),
            _ => None,
        };
        self.outputs().into_iter().filter_map(binary).collect()
    }

    /// Lets time pass, and does what is due when it is due; gives what came out, and when.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<(Duration, Out)> {
        let end = self.now + time;
        let mut all = Vec::new();
        while let Some(due) = self.viewer.next_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.viewer.handle_timeout(self.now);
            all.extend(self.outputs().into_iter().map(|out| (self.now, out)));
        }
        self.now = end;
        all
    }

    pub(crate) fn say(&mut self, message: &ClientMessage) {
        self.viewer.handle_binary(self.now, &message.encode());
    }

    pub(crate) fn control(&mut self, json: &str) {
        let control = ClientControl::from_json(json.as_bytes()).expect("of the protocol");
        self.say(&ClientMessage::Control(control));
    }

    pub(crate) fn picture(&mut self, kind: UnitKind) -> Picture {
        self.pictures += 1;
        let pts = Pts::from_nanos(self.pictures * 33_000_000);
        let data = Bytes::from(vec![0; 4000]);
        Picture { unit: AccessUnit { kind, pts, size: SIZE, data }, replay: false, encoded: None, handed: Some(pts) }
    }

    pub(crate) fn show(&mut self) {
        let kind = if self.pictures == 0 { UnitKind::Idr } else { UnitKind::Delta };
        let picture = self.picture(kind);
        self.viewer.handle_unit(self.now, &picture);
        self.sent_bytes += 15 + 4000;
    }

    pub(crate) fn confirm(&mut self) {
        let received_pts_us = NonZeroU64::new(1);
        let received_bytes = self.sent_bytes;
        let feedback = Feedback { received_pts_us, painted_pts_us: None, received_bytes, decode_queue: 0 };
        self.say(&ClientMessage::Feedback(feedback));
    }
}

pub(crate) fn arrow() -> ServerMessage {
    let (last_mover, name) = (ParticipantId(0), "default".to_owned());
    ServerMessage::CursorName(CursorName { last_mover, hot_x: 0, hot_y: 0, name })
}

pub(crate) const EARLIER: &str = r#"{"type":"init"}"#;
pub(crate) const KNOWING: &str = r#"{"type":"init","lunette":1}"#;

pub(crate) fn closes(outs: &[(Duration, Out)]) -> Vec<(Duration, CloseCode)> {
    let close = |(at, out): &(Duration, Out)| match out {
        Out::Close(code) => Some((*at, *code)),
        _ => None,
    };
    outs.iter().filter_map(close).collect()
}

/// Whether a stream error, and nothing else, comes right before the close.
pub(crate) fn is_explained(outs: &[(Duration, Out)]) -> bool {
    let [.., (_, Out::Send(Payload::Binary(bytes))), (_, Out::Close(_))] = outs else { return false };
    matches!(ServerMessage::decode(bytes), Ok(ServerMessage::StreamError(error)) if !error.text().is_empty())
}
