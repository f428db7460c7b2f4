//! What the system says about the program.

use std::fs;
use std::time::Duration;

/// What a process uses at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// Bytes of memory that are resident.
    pub(crate) resident: u64,
    /// Time on a processor since its start, user and system.
    pub(crate) cpu: Duration,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let list = |name: &str| fs::read_dir(format!("/proc/{pid}/{name}")).expect("it runs").count();
        Self { descriptors: list("fd"), threads: list("task"), resident: resident(pid), cpu: cpu(pid) }
    }
}

fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("every process has it");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The second field is the name in brackets and may hold anything; utime and stime are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}
