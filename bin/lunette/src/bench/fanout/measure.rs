//! One number of subscribers.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::sleep;

use super::FanoutArgs;
use super::report::Row;
use super::server::{Server, sum_of};
use super::subscriber::{Tally, subscribe};
use crate::bench::clock::thread_cpu;
use crate::bench::stats::{Samples, millis};

/// Time for subscribers to empty their sockets.
const CATCH_UP: Duration = Duration::from_millis(300);

/// Starts a server, lets `count` subscribers read for a while, and looks at both.
pub(super) fn measure(args: &FanoutArgs, count: usize) -> Result<Row> {
    raise_descriptor_limit();
    let server = Server::start(args)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let tallies = subscribe(&local, server.address(), count).await?;
        let counters_before = Counters::read(&server)?;
        // Reading them stopped the subscribers for a moment; what arrived meanwhile is not of this measurement.
        sleep(CATCH_UP).await;
        let before = Moment::take(&server, &tallies)?;
        sleep(args.seconds).await;
        let after = Moment::take(&server, &tallies)?;
        let counters = Counters::read(&server)?.since(&counters_before);
        let gone = tallies.iter().filter(|tally| tally.gone.get()).count();
        if gone > 0 {
            bail!("{gone} of {count} subscribers lost their connection");
        }
        row(&server, (&before, &after), &counters)
    })
}

/// What the server and the subscribers did until a moment.
struct Moment {
    at: Instant,
    server_cpu: Duration,
    clients_cpu: Duration,
    frames: Vec<u64>,
    bytes: u64,
}

impl Moment {
    fn take(server: &Server, tallies: &[Rc<Tally>]) -> Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server_cpu: server.cpu()?,
            clients_cpu: thread_cpu(),
            frames: tallies.iter().map(|tally| tally.frames.get()).collect(),
            bytes: tallies.iter().map(|tally| tally.bytes.get()).sum(),
        })
    }
}

/// What the server counted.
struct Counters {
    at: Instant,
    encoded: f64,
    dropped: f64,
    stalls: f64,
}

impl Counters {
    fn read(server: &Server) -> Result<Self> {
        let at = Instant::now();
        let metrics = server.metrics()?;
        let sum = |family| sum_of(&metrics, family);
        let encoded = sum("frame_export_encoded_frames_total");
        let dropped = sum("frame_export_client_dropped_total");
        Ok(Self { at, encoded, dropped, stalls: sum("frame_export_client_stalls_total") })
    }

    fn since(&self, before: &Self) -> Counted {
        Counted {
            encoded_per_second: (self.encoded - before.encoded) / self.at.duration_since(before.at).as_secs_f64(),
            dropped: self.dropped - before.dropped,
            stalls: self.stalls - before.stalls,
        }
    }
}

struct Counted {
    encoded_per_second: f64,
    dropped: f64,
    stalls: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn row(server: &Server, (before, after): (&Moment, &Moment), counted: &Counted) -> Result<Row> {
    let seconds = after.at.duration_since(before.at).as_secs_f64();
    let each: Vec<u64> = after.frames.iter().zip(&before.frames).map(|(after, before)| after - before).collect();
    let delivered: u64 = each.iter().sum();
    if delivered == 0 {
        bail!("no picture arrived in {seconds:.1} s: a screen that rests sends none");
    }
    let server_cpu = after.server_cpu.saturating_sub(before.server_cpu);
    let clients_cpu = after.clients_cpu.saturating_sub(before.clients_cpu);
    let per_subscriber = each.iter().map(|frames| *frames as f64 / seconds).collect::<Samples>().spread();
    let footprint = server.footprint()?;
    Ok(Row {
        subscribers: each.len(),
        server: server.placement(),
        seconds,
        encoded_per_second: counted.encoded_per_second,
        delivered,
        delivered_per_second: delivered as f64 / seconds,
        per_subscriber: per_subscriber.context("no subscriber")?,
        megabit_per_second: (after.bytes - before.bytes) as f64 * 8.0 / seconds / 1e6,
        server_cpu_percent: server_cpu.as_secs_f64() / seconds * 100.0,
        server_cpu_us_per_delivered_frame: millis(server_cpu) * 1e3 / delivered as f64,
        subscribers_cpu_percent: clients_cpu.as_secs_f64() / seconds * 100.0,
        dropped: counted.dropped,
        stalls: counted.stalls,
        footprint,
    })
}

/// A descriptor per subscriber; when it cannot be had, connecting fails and says so.
fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
