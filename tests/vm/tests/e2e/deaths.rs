//! Whoever holds a lease may die.

use std::time::{Duration, Instant};

use crate::support::{SMALL, flipping, machine};

const KILLS: usize = 50;
const BACK: Duration = Duration::from_secs(2);

#[test]
fn a_killed_flipper_gives_its_output_back_fifty_times() {
    let Some(machine) = machine("deaths") else { return };
    let guest = machine.lab.guest();
    let free = |guest: &lunette::lab::Guest| {
        let status = guest.manager_status().expect("drm-manager answers");
        let outputs = status["outputs"].as_array().expect("a list of outputs").clone();
        outputs.iter().filter(|output| output["state"] == "free").count()
    };
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
