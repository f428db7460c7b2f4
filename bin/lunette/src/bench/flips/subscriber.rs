//! A subscriber that only notes times.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lunette_frame::ScanoutId;
use lunette_wire::Token;
use scanout_stream_test::{Address, Limits, Subscriber};
use tokio::task::JoinHandle;

/// How often it is looked whether the time is over, while no picture comes.
const GLANCE: Duration = Duration::from_millis(100);

/// A picture, in nanoseconds of the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) captured: u64,
    pub(super) received: u64,
}

/// Subscribes, and notes every picture until `stop`.
pub(super) fn start(
    server: SocketAddr,
    scanout: ScanoutId,
    token: Token,
    stop: &Arc<AtomicBool>,
) -> Result<JoinHandle<Result<Vec<Arrival>>>> {
    let address: Address = server.to_string().parse()?;
    let stop = Arc::clone(stop);
    Ok(tokio::spawn(async move {
        let connected = Subscriber::connect_showing(Some(token), &address, scanout, Limits::default()).await;
        let mut subscriber = connected.context("cannot subscribe")?;
        let mut arrivals = Vec::with_capacity(4096);
        while !stop.load(Ordering::Relaxed) {
            let Ok(next) = tokio::time::timeout(GLANCE, subscriber.next()).await else { continue };
            let frame = next?;
            ensure!(frame.is_some(), "the stream of scanout {scanout} ended");
            let received = lunette_capture::now().as_nanos();
            if let Some(captured) = frame.and_then(|frame| frame.unit.pts?.pts()) {
                arrivals.push(Arrival { captured: captured.as_nanos(), received });
            }
        }
        Ok(arrivals)
    }))
}
