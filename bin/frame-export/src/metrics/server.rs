//! What happened on the sockets.

use std::sync::atomic::{AtomicU64, Ordering};

use lunette_net::Event;

use super::Exposition;

/// Counters of all connections together.
#[derive(Debug, Default)]
pub struct ServerMetrics {
    accepted: AtomicU64,
    closed: AtomicU64,
    turned_away: AtomicU64,
    bad_messages: AtomicU64,
    bad_streams: AtomicU64,
    timed_out: AtomicU64,
    /// Pictures encoded on request.
    pub requests: AtomicU64,
    /// Requests answered with an error.
    pub failed_requests: AtomicU64,
}

impl ServerMetrics {
    /// Counts an event.
    pub fn count(&self, event: Event) {
        let counter = match event {
            Event::Accepted => &self.accepted,
            Event::Closed => &self.closed,
            Event::TurnedAway => &self.turned_away,
            Event::BadMessage => &self.bad_messages,
            Event::BadStream => &self.bad_streams,
            Event::TimedOut => &self.timed_out,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> u64 {
        let closed = self.closed.load(Ordering::Acquire);
        self.accepted.load(Ordering::Acquire).saturating_sub(closed)
    }

    /// Writes the families.
    pub fn expose(&self, text: &mut Exposition) {
        text.family("frame_export_connections", "gauge", "Open connections.");
        text.sample("frame_export_connections", &[], self.open());
        let counters = [
            ("connections_accepted", "Connections accepted.", &self.accepted),
            ("connections_turned_away", "Connections turned away: too many.", &self.turned_away),
            ("bad_messages", "Messages that were refused.", &self.bad_messages),
            ("bad_streams", "Connections closed for sending what is no message, or half of one.", &self.bad_streams),
            (
                "stalled_connections",
                "Connections closed because the peer took nothing, or sent half a message.",
                &self.timed_out,
            ),
            ("requests", "Pictures that arrived to be encoded.", &self.requests),
            ("failed_requests", "Pictures answered with an error.", &self.failed_requests),
        ];
        for (name, help, counter) in counters {
            let name = format!("frame_export_{name}_total");
            text.family(&name, "counter", help);
            text.sample(&name, &[], counter.load(Ordering::Relaxed));
        }
    }
}
