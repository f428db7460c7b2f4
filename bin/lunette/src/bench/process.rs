//! What Linux says about a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

/// Memory and descriptors of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Footprint {
    pub(crate) resident_kib: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: u64,
}

/// CPU time of all threads of a process, those that ended included, to a tick of mostly 10 ms.
pub(crate) fn cpu(id: u32) -> Result<Duration> {
    let stat = read(id, "stat")?;
    let ticks = ticks_in(&stat).with_context(|| format!("/proc/{id}/stat says something else: {stat}"))?;
    let second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_nanos(ticks * 1_000_000_000 / second))
}

/// Memory, descriptors and threads now.
pub(crate) fn footprint(id: u32) -> Result<Footprint> {
    let status = read(id, "status")?;
    let field = |name| field_in(&status, name).with_context(|| format!("/proc/{id}/status has no {name}"));
    let folder = format!("/proc/{id}/fd");
    let descriptors = fs::read_dir(&folder).with_context(|| format!("cannot list {folder}"))?.count();
    Ok(Footprint { resident_kib: field("VmRSS:")?, descriptors, threads: field("Threads:")? })
}

fn read(id: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{id}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}; this measurement needs Linux"))
}

/// User and system ticks: fields 14 and 15, counted after the name, which may hold anything.
fn ticks_in(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn field_in(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "12 (a b) c) S 1 1 1 0 -1 4194560 100 0 0 0 250 75 0 0 20 0 4 0 100 1 1";
        assert_eq!(ticks_in(stat), Some(325));
        assert_eq!(ticks_in("12 (x) S 1"), None);
    }

    #[test]
    fn fields_are_read_with_or_without_a_unit() {
        let status = "Name:\tx\nVmRSS:\t   1234 kB\nThreads:\t4\n";
        assert_eq!((field_in(status, "VmRSS:"), field_in(status, "Threads:")), (Some(1234), Some(4)));
        assert_eq!(field_in(status, "VmSwap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory_and_descriptors() {
        let footprint = footprint(std::process::id()).unwrap();
        assert!(footprint.resident_kib > 100 && footprint.descriptors > 2 && footprint.threads > 0);
        assert!(cpu(std::process::id()).is_ok());
    }
}
