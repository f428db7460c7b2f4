//! Control plane and runners on simulated time, over a network that cuts, swallows and delays.
//!
//! `SIM_SEEDS=10000 SIM_FIRST=0` runs more of it: `cargo xtask sim`.

#![forbid(unsafe_code)]

mod dice;
mod network;
mod world;

use std::time::Duration;

use world::{Faults, World};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Five minutes of faults, then quiet: everybody is there again, and no dial is left open.
fn run(seed: u64) -> usize {
    let mut world = World::new(seed, Faults::All);
    world.run_until(Duration::from_secs(300));
    world.faults = Faults::None;
    // SILENCE or LINE until it is noticed, and the longest pause, or the one of a rival.
    world.run_until(Duration::from_secs(300 + 60 + 65));
    world.assert_all_up();
    world.dial_everybody(Duration::from_secs(5));
    world.run_until(Duration::from_secs(500));
    world.assert_settled();
    world.answered
}

#[test]
fn whatever_breaks_heals_and_every_dial_ends_at_the_right_place() {
    let (first, seeds) = (number("SIM_FIRST", 0), number("SIM_SEEDS", 200));
    let mut answered = 0;
    for seed in first..first + seeds {
        let outcome = std::panic::catch_unwind(|| run(seed));
        assert!(outcome.is_ok(), "seed {seed}: SIM_FIRST={seed} SIM_SEEDS=1");
        answered += outcome.unwrap_or_default() as u64;
    }
    assert!(answered > seeds * 100, "{answered} dials answered in {seeds} runs, which shows little");
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let history = |seed| {
        let mut world = World::new(seed, Faults::All);
        world.run_until(Duration::from_secs(120));
        world.history
    };
    assert_eq!(history(7), history(7));
    assert_ne!(history(7), history(8));
}

#[test]
fn without_faults_every_dial_is_answered_at_once() {
    for seed in 0..20 {
        let mut world = World::new(seed, Faults::None);
        world.run_until(Duration::from_secs(2));
        for _ in 0..50 {
            world.dial_everybody(Duration::from_secs(2));
        }
        world.run_until(Duration::from_secs(10));
        world.assert_settled();
        assert_eq!(world.failed, 0, "seed {seed}");
    }
}
