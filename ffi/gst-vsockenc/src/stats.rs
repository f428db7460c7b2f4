//! What the element did so far.

/// Counters of one run, from READY to READY.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stats {
    pub(crate) requests: u64,
    pub(crate) whole: u64,
    pub(crate) tiled: u64,
    pub(crate) delivered: u64,
    pub(crate) keyframes: u64,
    pub(crate) unchanged: u64,
    pub(crate) late: u64,
    pub(crate) dropped: u64,
    pub(crate) connections: u64,
    pub(crate) troubles: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
}

impl Stats {
    pub(crate) fn structure(&self, in_flight: usize, connected: bool, tiles: bool) -> gst::Structure {
        gst::Structure::builder("vsockenc-stats")
            .field("requests", self.requests)
            .field("whole-pictures", self.whole)
            .field("tiled-pictures", self.tiled)
            .field("delivered", self.delivered)
            .field("keyframes", self.keyframes)
            .field("unchanged", self.unchanged)
            .field("late", self.late)
            .field("dropped", self.dropped)
            .field("connections", self.connections)
            .field("troubles", self.troubles)
            .field("bytes-sent", self.bytes_sent)
            .field("bytes-received", self.bytes_received)
            .field("in-flight", u64::try_from(in_flight).unwrap_or(u64::MAX))
            .field("connected", connected)
            .field("tiles", tiles)
            .build()
    }
}
