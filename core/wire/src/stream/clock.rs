//! 0x40 to 0x43: how long things take.

use std::num::NonZeroU64;

use bytes::{BufMut, BytesMut};

use super::fields::Fields;
use super::{StreamWireError, types};

/// Answer with a pong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    /// Comes back with the answer.
    pub seq: u32,
    /// Comes back with the answer: microseconds on the client's clock.
    pub client_time_us: u64,
}

impl Ping {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::PING);
        out.put_u32(self.seq);
        out.put_u64(self.client_time_us);
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a ping", payload);
        Ok(Self { seq: fields.u32()?, client_time_us: fields.u64()? })
    }
}

/// How late the server's own timers were, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lateness {
    /// Half of them were no later.
    pub p50_ms: u16,
    /// 99 of 100 were no later.
    pub p99_ms: u16,
    /// None was later.
    pub max_ms: u16,
}

/// What a pong says about the clock that video frames are stamped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamClock {
    /// Nothing, for clients that know a shorter pong only.
    #[default]
    Untold,
    /// That the server does not know it.
    Unknown,
    /// Microseconds when the pong was made.
    Now(NonZeroU64),
}

impl StreamClock {
    /// `micros` on the clock; 0 is none.
    #[must_use]
    pub fn at(micros: u64) -> Self {
        NonZeroU64::new(micros).map_or(Self::Unknown, Self::Now)
    }
}

/// The answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pong {
    /// The ping's.
    pub seq: u32,
    /// The ping's.
    pub client_time_us: u64,
    /// Microseconds since 1970.
    pub server_time_us: u64,
    /// From capture to encoded.
    pub encoder_latency_ms: u16,
    /// How late timers were.
    pub lateness: Lateness,
    /// The clock of the video frames.
    pub stream_clock: StreamClock,
}

impl Pong {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::PONG);
        out.put_u32(self.seq);
        out.put_u64(self.client_time_us);
        out.put_u64(self.server_time_us);
        out.put_u16(self.encoder_latency_ms);
        out.put_u16(self.lateness.p50_ms);
        out.put_u16(self.lateness.p99_ms);
        out.put_u16(self.lateness.max_ms);
        match self.stream_clock {
            StreamClock::Untold => {}
            StreamClock::Unknown => out.put_u64(0),
            StreamClock::Now(micros) => out.put_u64(micros.get()),
        }
    }

    /// Older servers leave out what stands at the end, so it may be missing, a whole field at a time.
    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a pong", payload);
        let (seq, client_time_us, server_time_us) = (fields.u32()?, fields.u64()?, fields.u64()?);
        let encoder_latency_ms = fields.u16().unwrap_or_default();
        let lateness = if fields.left() < 6 {
            Lateness::default()
        } else {
            Lateness { p50_ms: fields.u16()?, p99_ms: fields.u16()?, max_ms: fields.u16()? }
        };
        let stream_clock = fields.u64().map_or(StreamClock::Untold, StreamClock::at);
        Ok(Self { seq, client_time_us, server_time_us, encoder_latency_ms, lateness, stream_clock })
    }
}

/// How far a client has come with the video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Feedback {
    /// Capture time of the newest frame that arrived, in microseconds.
    pub received_pts_us: Option<NonZeroU64>,
    /// Capture time of the newest frame that was painted, in microseconds.
    pub painted_pts_us: Option<NonZeroU64>,
    /// Bytes of all video messages on this connection, their heads included.
    pub received_bytes: u64,
    /// Frames that wait for the decoder.
    pub decode_queue: u8,
}

impl Feedback {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::FEEDBACK);
        out.put_u64(self.received_pts_us.map_or(0, NonZeroU64::get));
        out.put_u64(self.painted_pts_us.map_or(0, NonZeroU64::get));
        out.put_u64(self.received_bytes);
        out.put_u8(self.decode_queue);
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a feedback", payload);
        Ok(Self {
            received_pts_us: NonZeroU64::new(fields.u64()?),
            painted_pts_us: NonZeroU64::new(fields.u64()?),
            received_bytes: fields.u64()?,
            decode_queue: fields.u8()?,
        })
    }
}

/// What became of a frame inside the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Which frame.
    pub pts_us: u64,
    /// Microseconds from capture to encoded; [`None`] when the server does not know.
    pub encoded_us: Option<u32>,
    /// Microseconds from capture to the socket.
    pub sent_us: u32,
}

impl Timing {
    const UNKNOWN: u32 = u32::MAX;

    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::TIMING);
        out.put_u64(self.pts_us);
        out.put_u32(self.encoded_us.unwrap_or(Self::UNKNOWN));
        out.put_u32(self.sent_us);
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a timing", payload);
        let (pts_us, encoded) = (fields.u64()?, fields.u32()?);
        let encoded_us = (encoded != Self::UNKNOWN).then_some(encoded);
        Ok(Self { pts_us, encoded_us, sent_us: fields.u32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Pong = Pong {
        seq: 1,
        client_time_us: 2,
        server_time_us: 3,
        encoder_latency_ms: 4,
        lateness: Lateness { p50_ms: 5, p99_ms: 6, max_ms: 7 },
        stream_clock: StreamClock::Unknown,
    };

    fn cut(pong: &Pong, length: usize) -> Result<Pong, StreamWireError> {
        let mut wire = BytesMut::new();
        pong.encode(&mut wire);
        Pong::decode(&wire[1..length])
    }

    #[test]
    fn pongs_of_21_23_29_and_37_bytes_are_pongs() {
        let shortest = Pong { encoder_latency_ms: 0, lateness: Lateness::default(), ..WHOLE };
        let untold = |pong: Pong| Pong { stream_clock: StreamClock::Untold, ..pong };
        assert_eq!(cut(&WHOLE, 37), Ok(WHOLE));
        assert_eq!(cut(&WHOLE, 29), Ok(untold(WHOLE)));
        assert_eq!(cut(&WHOLE, 23), Ok(untold(Pong { encoder_latency_ms: 4, ..shortest })));
        assert_eq!(cut(&WHOLE, 21), Ok(untold(shortest)));
        assert_eq!(cut(&WHOLE, 20), Err(StreamWireError::Truncated { message: "a pong" }));
    }

    #[test]
    fn an_unknown_duration_is_not_a_long_one() {
        let mut wire = BytesMut::new();
        Timing { pts_us: 1, encoded_us: Some(u32::MAX), sent_us: u32::MAX }.encode(&mut wire);
        assert_eq!(Timing::decode(&wire[1..]), Ok(Timing { pts_us: 1, encoded_us: None, sent_us: u32::MAX }));
    }
}
