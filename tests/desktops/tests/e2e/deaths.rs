//! Any part may die: the others stream on, the dead one is reported with its reason, and nothing is left behind.

use std::time::Duration;

use crate::support::{Desktop, FIRST_PICTURE, Levels, Machine, SOON, Screen, machine};

/// Freed within so long of a death, with room for a machine of two busy processors.
const FREED: Duration = Duration::from_secs(2);

/// The pictures of a desktop move: a new one arrives after something was typed into its terminal.
fn assert_alive(machine: &Machine, desktop: &Desktop, screen: &Screen) {
    let before = screen.pictures();
    machine.type_text(desktop, "a");
    machine.eventually(&format!("{} streams", desktop.id), SOON, || screen.pictures() > before);
    assert_eq!(screen.ended(), None);
}

#[test]
fn whatever_dies_the_other_desktops_stream_on() {
    let Some(machine) = machine("deaths", &["weston"]) else { return };
    let before = Levels::of(&machine.lab);
    let stays = machine.create("stays", "weston", "");
    let screen = machine.watch(&stays);
    let empty = screen.picture(FIRST_PICTURE);
    screen.wait("its terminal", FIRST_PICTURE, |picture| picture.differs_from(&empty) > 50_000);
    let with_one = Levels::of(&machine.lab);

    // The compositor.
    let victim = machine.create("victim", "weston", "");
    machine.signal_compositor(&victim, "weston", "KILL");
    let took = machine.timed(|| machine.wait_freed(&victim));
    assert!(took < FREED, "its output was free after {took:?}");
    assert!(machine.reason(&victim).contains("compositor"), "{}", machine.reason(&victim));
    assert_alive(&machine, &stays, &screen);
    with_one.assert_back(&machine.lab);

    // The container's first process.
    let victim = machine.create("victim-2", "weston", "");
    machine.kill(victim.container_pid);
    machine.wait_freed(&victim);
    assert_alive(&machine, &stays, &screen);
    with_one.assert_back(&machine.lab);

    // The launcher.
    let victim = machine.create("victim-3", "weston", "");
    machine.kill(victim.launcher_pid);
    machine.wait_freed(&victim);
    machine.eventually("its death is reported", SOON, || machine.reason(&victim).contains("launcher died"));
    assert_alive(&machine, &stays, &screen);
    with_one.assert_back(&machine.lab);

    // hydra: it finds the desktop again.
    machine.kill_service("hydra");
    machine.eventually("hydra is back", FIRST_PICTURE, || machine.try_phase(&stays).as_deref() == Some("running"));
    assert_alive(&machine, &stays, &screen);

    // A launcher while there is no hydra: the next one sweeps.
    let victim = machine.create("victim-4", "weston", "");
    machine.stop_service("hydra");
    machine.kill(victim.launcher_pid);
    machine.start_service("hydra");
    machine.wait_freed(&victim);
    assert_alive(&machine, &stays, &screen);

    // drm-manager: the lease goes on, and belongs to the next one.
    machine.kill_service("drm-manager");
    assert_alive(&machine, &stays, &screen);
    let after = machine.create("after", "weston", "");
    machine.hydra(&format!("stop {}", after.id));
    machine.hydra(&format!("stop {}", stays.id));
    before.assert_back(&machine.lab);
}

#[test]
fn desktops_come_and_go_and_nothing_grows() {
    let Some(machine) = machine("cycles", &["weston"]) else { return };
    let cycle = |number: u32| {
        let desktop = machine.create(&format!("cycle-{number}"), "weston", "");
        machine.hydra(&format!("stop {}", desktop.id));
    };
    // What is opened once and kept, such as a profile's disk.
    cycle(0);
    let before = Levels::of(&machine.lab);
    // Each takes 8 s without virtualisation.
    let cycles = if std::env::var_os("LUNETTE_LONG").is_some() { 20 } else { 6 };
    for number in 1..=cycles {
        cycle(number);
    }
    before.assert_back(&machine.lab);
}

#[test]
fn a_desktop_that_needs_too_much_memory_says_so_and_costs_nobody_else_anything() {
    let Some(machine) = machine("memory", &["weston"]) else { return };
    let other = machine.create("other", "weston", "");
    let greedy = machine.create("greedy", "weston", "--memory 192");
    machine.exec(&greedy, "nohup sh -c 'x=a; while :; do x=$x$x; done' >/dev/null 2>&1 &");
    machine.eventually("it has ended", FIRST_PICTURE, || machine.try_phase(&greedy).as_deref() == Some("failed"));
    assert!(machine.reason(&greedy).contains("192 MiB"), "{}", machine.reason(&greedy));
    machine.assert_running(&other);
}
