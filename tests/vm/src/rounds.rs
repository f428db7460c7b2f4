//! All outputs leased at once, looked at, given back; again and again.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use drm_flipper::{Held, Stop, Terms, take};
use lunette_frame::Size;
use lunette_sys_kms::Probe;

use crate::Status;

const LEASE_LIMIT: Duration = Duration::from_secs(60);
const BACK_LIMIT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What to do.
#[derive(Debug)]
pub struct Plan {
    /// drm-manager's socket.
    pub socket: PathBuf,
    /// Leases at once.
    pub count: usize,
    /// How often.
    pub rounds: usize,
    /// Size of each output.
    pub size: Size,
}

/// Runs all rounds; returns one line about them.
///
/// # Errors
/// At the first lease that is missing, doubled, without a monitor, or not given back.
pub fn run(plan: &Plan) -> anyhow::Result<String> {
    let (mut slowest, mut longest_back) = (Duration::ZERO, Duration::ZERO);
    for round in 1..=plan.rounds {
        let started = Instant::now();
        let held = lease_all(plan).with_context(|| format!("round {round}"))?;
        let leased = started.elapsed();
        for lease in &held {
            look_at(lease, plan.size).with_context(|| format!("round {round}, {}", lease.connector))?;
        }
        let given_back = Instant::now();
        drop(held);
        wait_until_back(plan).with_context(|| format!("round {round}"))?;
        let back = given_back.elapsed();
        eprintln!("round {round}: {} leases in {leased:.1?}, all back after {back:.1?}", plan.count);
        slowest = slowest.max(leased);
        longest_back = longest_back.max(back);
    }
    Ok(format!(
        "{} rounds of {} leases; slowest {slowest:.1?}, longest way back {longest_back:.1?}",
        plan.rounds, plan.count
    ))
}

fn lease_all(plan: &Plan) -> anyhow::Result<Vec<Held>> {
    let held: Vec<Held> = thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.count).map(|_| scope.spawn(|| lease_one(plan))).collect();
        let joined = threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread failed"))?);
        joined.collect::<anyhow::Result<_>>()
    })?;
    let scanouts: BTreeSet<_> = held.iter().map(|lease| lease.scanout).collect();
    ensure!(scanouts.len() == plan.count, "{} leases of {} scanouts", plan.count, scanouts.len());
    Ok(held)
}

fn lease_one(plan: &Plan) -> anyhow::Result<Held> {
    let (stop, _going_on) = Stop::when_dropped()?;
    let terms = Terms { size: plan.size, light_crtc: false, limit: LEASE_LIMIT };
    Ok(take(&plan.socket, &terms, &stop)?)
}

/// A lease is of one output, whose monitor has the size that was asked for, and comes with a token.
fn look_at(lease: &Held, size: Size) -> anyhow::Result<()> {
    lease.card.enable_universal_planes()?;
    let outputs = lease.card.outputs()?;
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    ensure!(names == [lease.connector.as_str()], "the lease shows {names:?}");
    // Forced: what is known without a probe may be old.
    let connector = lease.card.connector_probed(outputs[0].connector, Probe::Forced)?;
    ensure!(connector.is_connected(), "leased without a monitor");
    ensure!(connector.mode(size).is_some(), "the monitor has no mode of {size}");
    ensure!(lease.token.is_some(), "a lease without a token");
    Ok(())
}

fn wait_until_back(plan: &Plan) -> anyhow::Result<()> {
    let until = Instant::now() + BACK_LIMIT;
    loop {
        let status = Status::ask(&plan.socket)?;
        if status.outputs_in("free") >= plan.count {
            return Ok(());
        }
        ensure!(Instant::now() < until, "not all free after {BACK_LIMIT:?}: {status:?}");
        thread::sleep(LOOK_AGAIN);
    }
}
