//! GNOME Shell, unmodified, on a lease.

use std::time::{Duration, Instant};

use crate::support::{Desktop, FIRST_PICTURE, Machine, SOON, machine};

/// evdev's code of the Super key.
const SUPER: u32 = 125;
/// How long the shell may take to draw the overview on an emulated processor.
const DRAWN: Duration = Duration::from_secs(60);

#[test]
#[ignore = "takes minutes and an image of its own: cargo xtask e2e gnome"]
fn gnome_shell_is_usable_on_a_lease() {
    let Some(machine) = machine("gnome", &["gnome"]) else { return };
    let created = Instant::now();
    let desktop = machine.create("gnome", "gnome", "--name Gnome --size 1280x720");
    println!("first picture after {:?}", desktop.first_picture);
    let screen = machine.watch(&desktop);
    let first = screen.picture(FIRST_PICTURE);
    assert_eq!(first.size.to_string(), "1280x720");
    // It begins in the overview, which the session's script leaves and ends.
    let leaving = format!("hydra exec {} -- pgrep -xf '/bin/sh /usr/lib/lunette/gnome'", desktop.id);
    machine.eventually("the overview is left", FIRST_PICTURE, || {
        machine.lab.guest().try_run(&leaving, SOON).expect("a shell").status == 1
    });
    let usable = machine.settled(&screen, Duration::from_secs(5), FIRST_PICTURE);
    assert_eq!(overview_is_open(&machine, &desktop), "(<false>,)");
    println!("usable after {:?}", created.elapsed());

    machine.press(&desktop, SUPER);
    // The overview is as dark as the wallpaper: what moves is the name on it.
    let overview = screen.wait("the overview", DRAWN, |picture| picture.differs_from(&usable) > 20_000);
    assert_eq!(overview_is_open(&machine, &desktop), "(<true>,)");
    machine.settled(&screen, Duration::from_secs(5), DRAWN);
    match overview.text() {
        Some(text) => assert!(text.contains("search"), "that is no overview: {text}"),
        None => println!("NOT RUN: desktop-tests reading GNOME's overview: tesseract is not installed"),
    }
    machine.press(&desktop, SUPER);
    machine.settled(&screen, Duration::from_secs(5), DRAWN);

    // The first move may show the pointer; from then on it is a plane of its own.
    machine.point(&desktop, 300, 300);
    machine.settled(&screen, Duration::from_secs(3), DRAWN);
    let before = screen.pictures();
    for step in 1..20 {
        machine.point(&desktop, 300 + step * 10, 350 + step * 5);
    }
    std::thread::sleep(Duration::from_secs(2));
    let moved = screen.pictures() - before;
    println!("20 moves of the pointer made {moved} pictures");
    assert!(moved <= 2, "the pointer is drawn into the picture: {moved} pictures");

    machine.hydra(&format!("resize {} 1600x900", desktop.id));
    screen.wait("the new size", SOON, |picture| picture.size.to_string() == "1600x900");
    machine.assert_running(&desktop);
    machine.hydra(&format!("stop {}", desktop.id));
}

/// What the shell itself says.
fn overview_is_open(machine: &Machine, desktop: &Desktop) -> String {
    let ask = "gdbus call --session --dest org.gnome.Shell --object-path /org/gnome/Shell \
        --method org.freedesktop.DBus.Properties.Get org.gnome.Shell OverviewActive";
    let asked = machine.lab.guest().try_run(&format!("hydra exec {} -- {ask}", desktop.id), SOON).expect("a shell");
    asked.output.trim().to_owned()
}
