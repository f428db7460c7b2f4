//! One number of outputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::latency::Flips;
use super::report::Row;
use super::subscriber::{self, Arrival};
use super::{FlipsArgs, clock_server};
use crate::bench::process;
use crate::bench::stats::{Samples, millis};
use crate::lab::{Flipper, FlipperPlan, Lab};

/// From the last flipper's start until figures count: encoders open, caches fill.
const WARM_UP: Duration = Duration::from_secs(2);

/// Flips on `count` outputs, and measures what arrives.
pub(super) fn measure(lab: &Lab, args: &FlipsArgs, count: u8) -> Result<Row> {
    let clock = clock_server::start()?;
    let mut flippers = Vec::new();
    for number in 0..count {
        flippers.push(lab.guest().flip(&plan(args, number, clock.port()))?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let window = runtime.block_on(watch(lab, args, &flippers))?;
    for flipper in &flippers {
        lab.guest().signal(flipper, "TERM")?;
    }
    let mut logs = Vec::new();
    for (number, flipper) in flippers.iter().enumerate() {
        lab.guest().report(flipper, Duration::from_secs(30))?;
        let text = lab.guest().run(&format!("cat {}", times(number)))?;
        logs.push(Flips::parse(&text).context("drm-flipper's times")?);
    }
    Ok(row(count, &window, &logs))
}

fn plan(args: &FlipsArgs, number: u8, clock: u16) -> FlipperPlan {
    let host = crate::lab::HOST_IN_GUEST;
    let options = ["--damage", &args.damage, "--times", &times(number.into()), "--host-clock"].map(str::to_owned);
    let arguments = options.into_iter().chain([format!("{host}:{clock}")]).collect();
    FlipperPlan { size: args.size, fps: args.fps, time: Duration::ZERO, arguments }
}

fn times(number: usize) -> String {
    format!("/run/flips-{number}.times")
}

/// What was seen between two moments.
struct Window {
    from: u64,
    until: u64,
    time: Duration,
    qemu: Duration,
    exporter: Duration,
    arrivals: Vec<Vec<Arrival>>,
}

async fn watch(lab: &Lab, args: &FlipsArgs, flippers: &[Flipper]) -> Result<Window> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut subscribers = Vec::new();
    for flipper in flippers {
        subscribers.push(subscriber::start(lab.exporter().address(), flipper.scanout, flipper.token, &stop)?);
    }
    tokio::time::sleep(WARM_UP).await;
    let qemu = lab.vm().pid().context("QEMU has ended")?;
    let cpu = || Ok::<_, anyhow::Error>((process::cpu(qemu)?, process::cpu(lab.exporter().pid())?));
    let (from, started, before) = (lunette_capture::now().as_nanos(), Instant::now(), cpu()?);
    tokio::time::sleep(args.seconds).await;
    let (until, time, after) = (lunette_capture::now().as_nanos(), started.elapsed(), cpu()?);
    stop.store(true, Ordering::Relaxed);
    let mut arrivals = Vec::new();
    for subscriber in subscribers {
        let all = subscriber.await??;
        arrivals.push(all.into_iter().filter(|arrival| (from..until).contains(&arrival.captured)).collect());
    }
    Ok(Window { from, until, time, qemu: after.0 - before.0, exporter: after.1 - before.1, arrivals })
}

#[expect(clippy::cast_precision_loss, reason = "counts of frames")]
fn row(count: u8, window: &Window, logs: &[Flips]) -> Row {
    let seconds = window.time.as_secs_f64();
    let (mut flipped, mut received) = (Samples::default(), Samples::default());
    let (mut from_flip, mut from_capture, mut lost) = (Samples::default(), Samples::default(), 0);
    for (flips, arrivals) in logs.iter().zip(&window.arrivals) {
        let asked = flips.between(window.from, window.until);
        flipped.push(asked as f64 / seconds);
        received.push(arrivals.len() as f64 / seconds);
        lost += asked.saturating_sub(arrivals.len());
        from_flip.extend(&flips.latencies(arrivals));
        for arrival in arrivals {
            from_capture.push_time(Duration::from_nanos(arrival.received.saturating_sub(arrival.captured)));
        }
    }
    let percent = |cpu: Duration| 100.0 * cpu.as_secs_f64() / seconds;
    Row {
        outputs: count,
        seconds,
        flipped_per_second: flipped.spread(),
        received_per_second: received.spread(),
        not_received: lost,
        flip_to_received_ms: from_flip.spread(),
        capture_to_received_ms: from_capture.spread(),
        clock_doubt_ms: logs.iter().map(|log| millis(log.doubt)).fold(0.0, f64::max),
        qemu_cpu_percent: percent(window.qemu),
        exporter_cpu_percent: percent(window.exporter),
    }
}
