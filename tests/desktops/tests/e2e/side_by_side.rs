//! Several desktops at once, each its own.

use std::time::Duration;

use crate::support::{FIRST_PICTURE, LIGHT, SOON, machine};

/// How far a decoded colour may be from the one that was painted.
const COLOUR_ERROR: u32 = 24;

#[test]
fn three_desktops_show_their_own_name_and_colour_and_only_the_one_typed_into_changes() {
    let Some(machine) = machine("side-by-side", &[LIGHT]) else { return };
    let names = ["Anna", "Boris", "Clara"];
    let desktops: Vec<_> =
        names.iter().map(|name| machine.create(&name.to_lowercase(), LIGHT, &format!("--name {name}"))).collect();
    let screens: Vec<_> = desktops.iter().map(|desktop| machine.watch(desktop)).collect();

    for desktop in &desktops {
        println!("{}: first picture after {:?}", desktop.id, desktop.first_picture);
    }
    for ((name, desktop), screen) in names.iter().zip(&desktops).zip(&screens) {
        let picture = screen.wait(&format!("{name}'s wallpaper"), FIRST_PICTURE, |picture| {
            distance(picture.colour_at(picture.size.width / 20, picture.size.height / 3), desktop.colour)
                < COLOUR_ERROR * 3
        });
        match picture.text() {
            Some(text) => {
                assert!(text.contains(name), "{name} is not to be read: {text:?}");
                assert!(names.iter().all(|other| other == name || !text.contains(other)), "{text:?}");
            }
            None => println!("NOT RUN: desktop-tests reading {name}'s picture: tesseract is not installed"),
        }
    }
    let apart: Vec<u32> =
        (0..3).map(|index| distance(desktops[index].colour, desktops[(index + 1) % 3].colour)).collect();
    assert!(apart.iter().all(|apart| *apart > 40), "colours are too alike: {apart:?}");

    // A terminal in the middle one, then a word, by its own keyboard.
    let still = Duration::from_secs(4);
    let before: Vec<_> = screens.iter().map(|screen| machine.settled(screen, still, FIRST_PICTURE)).collect();
    machine.exec(
        &desktops[1],
        "nohup foot --fullscreen --override colors.background=ffffff --override colors.foreground=000000 \
         sh -c 'cat > /tmp/typed' >/dev/null 2>&1 &",
    );
    let terminal = screens[1].wait("the terminal", FIRST_PICTURE, |picture| picture.differs_from(&before[1]) > 100_000);
    machine.type_text(&desktops[1], "lunette\n");
    screens[1].wait("the typed word", SOON, |picture| picture.differs_from(&terminal) > 50);
    let typed = || machine.exec(&desktops[1], "cat /tmp/typed");
    machine.eventually("the typed word arrives in the terminal", SOON, || typed().trim() == "lunette");
    for other in [0, 2] {
        let now = screens[other].picture(SOON);
        let changed = now.differs_from(&before[other]);
        // A clock in a panel may tick.
        assert!(changed < 2000, "{} changed by {changed} pixels", names[other]);
    }
}

#[test]
fn a_desktop_changes_its_size_while_it_is_watched() {
    let Some(machine) = machine("resize", &[LIGHT, "weston"]) else { return };
    for profile in [LIGHT, "weston"] {
        let desktop = machine.create(&format!("sized-{profile}"), profile, "--size 1280x720");
        let screen = machine.watch(&desktop);
        assert_eq!(screen.picture(FIRST_PICTURE).size.to_string(), "1280x720");
        let keyframes = screen.keyframes();
        let took = machine.timed(|| machine.hydra(&format!("resize {} 1600x900", desktop.id)));
        screen.wait("the new size", FIRST_PICTURE, |picture| picture.size.to_string() == "1600x900");
        assert!(screen.keyframes() > keyframes, "{profile}: another size begins with an IDR");
        assert_eq!(screen.ended(), None, "{profile}: the stream goes on");
        println!("{profile}: another size after {took:?}");
        machine.hydra(&format!("stop {}", desktop.id));
    }
}

#[test]
fn a_frozen_desktop_is_told_from_a_still_one() {
    let Some(machine) = machine("frozen", &["weston"]) else { return };
    let still = machine.create("still", "weston", "");
    let frozen = machine.create("frozen", "weston", "");
    // What its start still draws would be taken for an answer to what is typed.
    machine.settled(&machine.watch(&frozen), Duration::from_secs(4), FIRST_PICTURE);
    machine.signal_compositor(&frozen, "weston", "STOP");
    // As a person would: again and again. A key of the second in which something still moved is no reason for suspicion.
    machine.eventually("it is called frozen", Duration::from_secs(40), || {
        machine.type_text(&frozen, "a");
        machine.phase(&frozen) == "frozen"
    });
    assert_eq!(machine.phase(&still), "running");
    machine.signal_compositor(&frozen, "weston", "CONT");
    machine.wait_phase(&frozen, "running", Duration::from_secs(40));
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b))).sum()
}
