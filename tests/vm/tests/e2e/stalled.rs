//! A frame-export that stands still.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use lunette::lab::Lab;
use scanout_stream_test::Ended;

use crate::support::{FULL_HD, flipping, machine, watch};

/// How long it stands still: QEMU gives a listener one second.
const STOPPED: Duration = Duration::from_secs(6);

/// What QEMU may grow by: a queue of pictures would be 8 MiB each, 60 times a second.
const GROWTH_KIB: u64 = 64 * 1024;

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("QEMU runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().expect("kill");
    assert!(sent.success());
}

/// The process that hangs up on QEMU for a frame-export that cannot, once it holds a listener.
fn lifeline(exporter: u32) -> u32 {
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, fields)| fields.split(' ').nth(1)?.parse().ok()) == Some(exporter)
    };
    let holds = |pid: &u32| {
        // Its standard input twice, output, error, and what it holds.
        let has_one = fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|held| held.count() > 4);
        has_one && fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(b"\0lifeline\0"))
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let processes =
            fs::read_dir("/proc").expect("Linux").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        if let Some(pid) = processes.into_iter().find(|pid| is_child(pid) && holds(pid)) {
            return pid;
        }
    }
    panic!("frame-export has no lifeline");
}

/// How many pictures frame-export has encoded.
fn encoded(lab: &Lab) -> u64 {
    let metrics = lab.exporter().get("/metrics").expect("metrics");
    let counters = metrics.lines().filter(|line| line.starts_with("frame_export_encoded_frames_total{"));
    counters.map(|line| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).expect("a number")).sum()
}

/// Waits until frame-export encodes.
fn until_encoding(lab: &Lab) {
    let (start, before) = (Instant::now(), encoded(lab));
    while encoded(lab) == before {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing is encoded");
    }
}

/// Stops frame-export for a while, in which QEMU must not grow and the guest must answer.
fn stand_still(lab: &Lab) {
    let qemu = lab.vm().pid().expect("QEMU runs");
    let (before, exporter) = (resident_kib(qemu), lab.exporter().pid());
    signal(exporter, "STOP");
    // The time is what is tested: how much piles up in it.
    std::thread::sleep(STOPPED);
    let during = resident_kib(qemu);
    let alive = lab.guest().run_within("cat /proc/uptime", Duration::from_secs(5));
    signal(exporter, "CONT");
    alive.expect("the guest answers while frame-export stands still");
    println!("QEMU: {before} KiB before, {during} KiB after {STOPPED:?}");
    assert!(during < before + GROWTH_KIB, "QEMU grew from {before} to {during} KiB");
}

#[test]
fn a_stopped_frame_export_neither_grows_qemu_nor_stalls_the_guest() {
    let Some(machine) = machine("stalled") else { return };
    let lab = &machine.lab;
    let flipper = lab.guest().flip(&flipping(FULL_HD, 30)).expect("a flipper");
    watch(lab, &flipper, Duration::from_secs(2)).fine();
    let through = watch(lab, &flipper, STOPPED + Duration::from_secs(4));
    until_encoding(lab);
    stand_still(lab);
    let report = through.fine();
    println!("through the stop: {report}");
    assert!(matches!(report.ended, Ended::Time), "the stream ended: {report}");

    let exporter = lab.exporter().pid();
    let killed = lifeline(exporter);
    signal(killed, "KILL");
    watch(lab, &flipper, Duration::from_secs(2)).fine();
    assert_ne!(lifeline(exporter), killed);
    stand_still(lab);
    watch(lab, &flipper, Duration::from_secs(3)).fine();
}
