//! Subscribers.

use std::future::pending;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lunette::lab::{Flipper, Lab};
use lunette_frame::ScanoutId;
use lunette_wire::Token;
use scanout_stream_test::{Address, Limits, ObserveError, Plan, Report, Subscriber, Until, Verification, observe};
use tokio::runtime::Builder;

/// What came of a watch.
pub(crate) type Seen = Result<Report, ObserveError>;

/// A subscriber on a thread of its own, which decodes and verifies every picture.
pub(crate) struct Watch(JoinHandle<Seen>);

impl Watch {
    /// Waits until it ends.
    pub(crate) fn seen(self) -> Seen {
        self.0.join().expect("a subscriber does not panic")
    }

    /// Waits until it ends, as it should.
    ///
    /// # Panics
    /// When any picture was wrong, or none came.
    pub(crate) fn fine(self) -> Report {
        let report = self.seen().unwrap_or_else(|error| panic!("no subscription: {error}"));
        assert!(report.is_fine(), "{report}");
        report
    }
}

/// A subscription that has pictures, until it ends.
pub(crate) struct Flow(JoinHandle<String>);

impl Flow {
    /// Waits until the server ends it; how it did.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) fn ended(self) -> String {
        self.0.join().expect("a subscriber does not panic")
    }
}

/// How long the first picture, and the end of a stream, may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Subscribes to a flipper's output, and waits for the first picture.
pub(crate) fn flow(lab: &Lab, flipper: &Flipper) -> Flow {
    let (address, scanout, token) = (tcp(lab), flipper.scanout, flipper.token);
    let (first, started) = sync_channel(1);
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let subscribed = Subscriber::connect_showing(Some(token), &address, scanout, Limits::default()).await;
            let mut subscriber = subscribed.expect("a subscription");
            let ended = tokio::time::timeout(LIMIT, async {
                loop {
                    match subscriber.next().await {
                        Ok(Some(_)) => drop(first.try_send(())),
                        Ok(None) => return "closed".to_owned(),
                        Err(error) => return error.to_string(),
                    }
                }
            });
            ended.await.expect("the stream ends")
        })
    });
    started.recv_timeout(LIMIT).expect("a first picture");
    Flow(thread)
}

/// Watches a flipper's output for a while, by its own token.
pub(crate) fn watch(lab: &Lab, flipper: &Flipper, time: Duration) -> Watch {
    watch_as(lab, flipper.scanout, Some(flipper.token), Until { time, frames: None })
}

/// Watches any output by any token.
pub(crate) fn watch_as(lab: &Lab, scanout: ScanoutId, token: Option<Token>, until: Until) -> Watch {
    watch_plan(Plan {
        address: tcp(lab),
        scanout,
        token,
        limits: Limits::default(),
        until,
        save: None,
        verification: Verification::Markers,
    })
}

/// Watches as planned.
pub(crate) fn watch_plan(plan: Plan) -> Watch {
    Watch(thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(observe(&plan, pending()))
    }))
}

fn tcp(lab: &Lab) -> Address {
    lab.exporter().address().to_string().parse().expect("an address")
}
