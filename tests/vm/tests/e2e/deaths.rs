//! Whoever holds a lease may die.

use std::time::{Duration, Instant};

use lunette::lab::Guest;
use serde_json::Value;

use crate::support::{SMALL, flipping, machine, watch};

const KILLS: usize = 50;
const BACK: Duration = Duration::from_secs(2);
/// Times that drm-manager is killed.
const MANAGERS: usize = 20;
const RESTART: Duration = Duration::from_secs(30);

fn count(status: &Value, state: &str) -> usize {
    let outputs = status["outputs"].as_array().expect("a list of outputs");
    outputs.iter().filter(|output| output["state"] == state).count()
}

fn free(guest: &Guest) -> usize {
    count(&guest.manager_status().expect("drm-manager answers"), "free")
}

#[test]
fn a_killed_flipper_gives_its_output_back_fifty_times() {
    let Some(machine) = machine("deaths") else { return };
    let guest = machine.lab.guest();
    let all = free(guest);
    let mut slowest = Duration::ZERO;
    for round in 1..=KILLS {
        let flipper = guest.flip(&flipping(SMALL, 30)).expect("a flipper");
        assert_eq!(free(guest), all - 1, "round {round}");
        let killed = Instant::now();
        guest.signal(&flipper, "KILL").expect("it runs");
        while free(guest) < all {
            assert!(killed.elapsed() < BACK, "round {round}: {} of {all} free after {BACK:?}", free(guest));
        }
        slowest = slowest.max(killed.elapsed());
    }
    println!("{KILLS} killed, the slowest output was back after {slowest:?}");
}

/// A manager that serves, has its host, and is not this process; its status.
fn manager_but(guest: &Guest, dead: u64) -> Value {
    let since = Instant::now();
    loop {
        // While there is none, nobody answers.
        match guest.manager_status() {
            Ok(status) if status["pid"] != dead && status["host"]["connected"] == true => return status,
            _ => assert!(since.elapsed() < RESTART, "drm-manager is not back after {RESTART:?}"),
        }
    }
}

fn pid(status: &Value) -> u64 {
    status["pid"].as_u64().expect("a number")
}

/// Descriptors of the manager, and of the keeper that is its parent.
fn descriptors(guest: &Guest, manager: u64) -> (usize, usize) {
    let of = |process: &str| {
        let listed = guest.run(&format!("ls /proc/{process}/fd")).expect("it runs");
        listed.split_whitespace().count()
    };
    let keeper = guest.run(&format!("cut -d' ' -f4 /proc/{manager}/stat")).expect("it runs");
    (of(&manager.to_string()), of(keeper.trim()))
}

#[test]
fn a_killed_drm_manager_costs_nobody_a_lease_twenty_times() {
    let Some(machine) = machine("manager") else { return };
    let (lab, guest) = (&machine.lab, machine.lab.guest());
    let all = free(guest);
    let flipper = guest.flip(&flipping(SMALL, 30)).expect("a flipper");
    watch(lab, &flipper, Duration::from_secs(2)).fine();
    let watching = watch(lab, &flipper, Duration::from_secs(30));

    let mut manager = pid(&guest.manager_status().expect("drm-manager answers"));
    let mut first = None;
    for round in 1..=MANAGERS {
        guest.run(&format!("kill -KILL {manager}")).expect("it runs");
        let status = manager_but(guest, manager);
        assert_eq!((count(&status, "leased"), &status["counters"]["restored"]), (1, &1.into()), "round {round}");
        manager = pid(&status);
        first.get_or_insert_with(|| descriptors(guest, manager));
    }
    assert_eq!(Some(descriptors(guest, manager)), first, "descriptors of the manager and of its keeper");
    let report = watching.fine();
    println!("{MANAGERS} managers killed; the longest gap between two pictures was {} ms", report.gaps.longest_ms);
    assert!(report.gaps.longest_ms < 1000.0, "{report}");
    watch(lab, &flipper, Duration::from_secs(2)).fine();

    // Released as ever, and taken again.
    guest.signal(&flipper, "TERM").expect("it runs");
    let ended = guest.report(&flipper, RESTART).expect("a report");
    assert_eq!(ended["ended"], "stopped", "{ended}");
    let since = Instant::now();
    while free(guest) < all {
        assert!(since.elapsed() < RESTART, "{} of {all} free", free(guest));
    }
    let next = guest.flip(&flipping(SMALL, 30)).expect("a flipper");
    watch(lab, &next, Duration::from_secs(2)).fine();
}
