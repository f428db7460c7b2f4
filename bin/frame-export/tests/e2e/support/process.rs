//! What the system says about the program.

use std::fs;
use std::time::Duration;

use rustix::process::Pid;

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

/// A child of a process.
pub(crate) fn child_of(parent: u32) -> Option<Pid> {
    let processes =
        fs::read_dir("/proc").expect("Linux").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let mut fields = stat.rsplit_once(')').unwrap_or_default().1.split_whitespace();
        let is_alive = fields.next().is_some_and(|state| state != "Z");
        is_alive && fields.next().and_then(|field| field.parse().ok()) == Some(parent)
    };
    processes.into_iter().find(is_child).and_then(Pid::from_raw)
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
