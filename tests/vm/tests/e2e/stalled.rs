//! A frame-export that stands still.

use std::fs;
use std::process::Command;
use std::time::Duration;

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

#[test]
fn a_stopped_frame_export_neither_grows_qemu_nor_stalls_the_guest() {
    let Some(machine) = machine("stalled") else { return };
    let lab = &machine.lab;
    let flipper = lab.guest().flip(&flipping(FULL_HD, 30)).expect("a flipper");
    watch(lab, &flipper, Duration::from_secs(2)).fine();
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
    watch(lab, &flipper, Duration::from_secs(3)).fine();
}
