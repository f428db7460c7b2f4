//! Shared by the tests: a screen that is really encoded, and a server that does what it is told.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unreachable_pub, reason = "every test file includes these modules")]

pub mod screen;
pub mod server;

use std::time::Duration;

use lunette_frame::ScanoutId;
use scanout_stream_test::{Address, Limits, Plan, Report, Until, Verification, observe};

pub const SCANOUT: ScanoutId = ScanoutId::new(3);

/// Long enough never to be the reason on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// Everything that arrives until the server is done.
pub fn plan(address: &Address) -> Plan {
    Plan {
        address: address.clone(),
        scanout: SCANOUT,
        token: None,
        limits: Limits { connect: LONG, answer: LONG },
        until: Until { time: LONG, frames: None },
        save: None,
        verification: Verification::Off,
    }
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

pub fn report(plan: &Plan) -> Report {
    run(observe(plan, std::future::pending())).expect("a subscription")
}
