//! The connections of one desktop's viewers, as they say of themselves how they are doing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lunette_input_events::ParticipantId;
use lunette_session::{SubscriberId, ViewerCounters};

/// A viewer's connection.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Attending {
    /// Its member of the lounge, once it has joined.
    pub member: Option<ParticipantId>,
    /// Its place at the stream, while it watches.
    pub subscriber: Option<SubscriberId>,
    /// What happened on it.
    pub counters: ViewerCounters,
}

/// All connections of one desktop.
#[derive(Debug, Default)]
pub(crate) struct Attendance {
    // A Mutex: each connection's task writes its own line, /metrics reads all; each for the time of a copy.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ever: u64,
    here: BTreeMap<u64, Attending>,
    gone: ViewerCounters,
}

/// What is known of the connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Connections {
    /// Those that are there.
    pub here: Vec<Attending>,
    /// How many there ever were.
    pub ever: u64,
    /// What happened on all of them, those that ended included.
    pub counters: ViewerCounters,
}

impl Attendance {
    /// Counts a connection in; its number.
    pub(crate) fn enter(&self) -> u64 {
        let mut inner = self.inner();
        inner.ever += 1;
        let number = inner.ever;
        inner.here.insert(number, Attending::default());
        number
    }

    /// How a connection is doing now.
    pub(crate) fn note(&self, number: u64, now: Attending) {
        if let Some(here) = self.inner().here.get_mut(&number) {
            *here = now;
        }
    }

    /// A connection has ended.
    pub(crate) fn leave(&self, number: u64) {
        let mut inner = self.inner();
        if let Some(gone) = inner.here.remove(&number) {
            inner.gone.add(&gone.counters);
        }
    }

    pub(crate) fn connections(&self) -> Connections {
        let inner = self.inner();
        let here: Vec<_> = inner.here.values().copied().collect();
        let mut counters = inner.gone;
        here.iter().for_each(|one| counters.add(&one.counters));
        Connections { here, ever: inner.ever, counters }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_on_a_connection_outlives_it() {
        let attendance = Attendance::default();
        let (one, two) = (attendance.enter(), attendance.enter());
        let shown = |pictures| ViewerCounters { pictures, ..ViewerCounters::default() };
        let line = |pictures| Attending { counters: shown(pictures), ..Attending::default() };
        attendance.note(one, line(1));
        attendance.note(one, line(3));
        attendance.note(two, line(4));
        attendance.leave(one);
        // Too late to count.
        attendance.note(one, line(100));
        let Connections { here, ever, counters } = attendance.connections();
        assert_eq!((here, ever, counters), (vec![line(4)], 2, shown(7)));
    }
}
