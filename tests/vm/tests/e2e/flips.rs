//! Page flips arrive as pictures.

use std::time::Duration;

use crate::support::{FULL_HD, flipping, machine, watch};

const WHILE: Duration = Duration::from_secs(10);

#[test]
fn three_outputs_at_once_stay_apart_and_whole() {
    let Some(machine) = machine("flips") else { return };
    let lab = &machine.lab;
    let flippers: Vec<_> = (0..3).map(|_| lab.guest().flip(&flipping(FULL_HD, 60)).expect("a flipper")).collect();
    let watches: Vec<_> = flippers.iter().map(|flipper| watch(lab, flipper, WHILE)).collect();
    for watch in watches {
        let report = watch.fine();
        let markers = report.verify.expect("pictures are verified").markers;
        println!("scanout {}: {} pictures, {} replaced", report.source.scanout, report.frames, markers.replaced);
        assert!(report.frames >= 150, "only {} pictures in {WHILE:?}", report.frames);
    }
}
