//! Any part may go away and come back.

use std::time::Duration;

use lunette::lab::Lab;

use crate::support::{Machine, SMALL, flipping, flow, machine, watch};

/// A new lease flips, and its pictures arrive.
fn assert_works(lab: &Lab) {
    let flipper = lab.guest().flip(&flipping(SMALL, 30)).expect("a flipper");
    watch(lab, &flipper, Duration::from_secs(2)).fine();
}

#[test]
fn a_guest_that_restarts_ends_its_streams_and_starts_clean() {
    let Some(mut machine) = machine("reboot") else { return };
    let lab = &mut machine.lab;
    let flipper = lab.guest().flip(&flipping(SMALL, 30)).expect("a flipper");
    let watched = flow(lab, &flipper);
    lab.restart_guest().expect("the guest starts again");
    assert_eq!(watched.ended(), "the server sent ERROR -2: the machine was reset");
    // It looked when it started.
    let status = lab.guest().manager_status().expect("drm-manager answers");
    let outputs = status["outputs"].as_array().expect("a list of outputs");
    let plugged: Vec<_> = outputs.iter().filter(|output| output["connected"] == true).collect();
    assert!(plugged.is_empty(), "still plugged after a restart: {plugged:?}");
    assert_works(lab);
}

#[test]
fn a_qemu_that_is_killed_ends_its_streams_and_another_takes_its_place() {
    let Some(Machine { lab, plan, _turn }) = machine("killed") else { return };
    let flipper = lab.guest().flip(&flipping(SMALL, 30)).expect("a flipper");
    let watched = flow(&lab, &flipper);
    let pid = lab.vm().pid().expect("QEMU runs");
    let killed = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill");
    assert!(killed.success());
    assert_eq!(watched.ended(), "the server sent ERROR -2: the machine is gone");
    let health = lab.exporter().get("/healthz").expect("frame-export goes on");
    assert!(health.contains("\"connected\":false"), "{health}");

    // The next one has another secret; the same frame-export serves it.
    let lab = lab.replace_machine(&plan).expect("another machine");
    assert_works(&lab);
}

#[test]
fn a_frame_export_that_restarts_knows_its_leases_again() {
    let Some(mut machine) = machine("export") else { return };
    let lab = &mut machine.lab;
    let flipper = lab.guest().flip(&flipping(SMALL, 30)).expect("a flipper");
    let watched = flow(lab, &flipper);
    lab.exporter_mut().restart().expect("frame-export starts again");
    println!("the old stream: {}", watched.ended());
    // drm-manager tells the new one who owns what; the lease itself never noticed.
    let mut seen = watch(lab, &flipper, Duration::from_secs(2)).seen();
    for _ in 0..50 {
        if seen.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        seen = watch(lab, &flipper, Duration::from_secs(2)).seen();
    }
    let report = seen.unwrap_or_else(|error| panic!("the lease is not known again: {error}"));
    assert!(report.is_fine(), "{report}");
    assert_works(lab);
}
