//! What each version of Mutter is told.

use anyhow::{Result, ensure};
use lunette_desktop_session::{Clipboard, Gnome, InputSink, Kind, SessionError};
use lunette_frame::Size;
use lunette_input_events::{
    Event, Fraction, KeyCode, Keysym, Modifiers, PointerButton, Scroll, ScrollKind, TouchPhase,
};

use crate::common::{is_installed, wait};
use crate::fixture::{Bus, folder, runtime};
use crate::mock::{Mutter, STREAM, Version, close};

fn with(name: &str, version: Version, test: impl FnOnce(&Mutter, &Gnome, &tokio::runtime::Runtime) -> Result<()>) {
    if !is_installed("dbus-daemon") {
        println!("NOT RUN: {name}: dbus-daemon is not installed");
        return;
    }
    let folder = folder();
    let bus = Bus::start(folder.path(), "session").unwrap();
    let runtime = runtime();
    let mutter = runtime.block_on(Mutter::start(&bus.address, version)).unwrap();
    let gnome = Gnome::open(Some(&bus.address)).unwrap();
    test(&mutter, &gnome, &runtime).unwrap();
}

fn told(mutter: &Mutter, gnome: &Gnome, events: &[Event]) -> Result<Vec<String>> {
    let mut sink = gnome.sink();
    for event in events {
        sink.send(event)?;
    }
    sink.flush()?;
    Ok(mutter.notes())
}

fn at(x: f64, y: f64) -> (Fraction, Fraction) {
    (Fraction::new(x).unwrap(), Fraction::new(y).unwrap())
}

fn move_to(x: f64, y: f64) -> Event {
    let (x, y) = at(x, y);
    Event::MoveTo { x, y }
}

fn wheel(dx: f64, dy: f64) -> Event {
    Event::Scroll(Scroll { dx, dy, kind: ScrollKind::Wheel })
}

#[test]
fn a_session_is_linked_with_a_stream_of_the_first_monitor_and_primed() {
    with("a_session_is_linked_with_a_stream_of_the_first_monitor_and_primed", Version::New, |mutter, _, _| {
        let expected = [
            "CreateSession",
            "ScreenCast of session-7",
            "RecordMonitor Virtual-2 1",
            "Start",
            "keycode 42 true",
            "keycode 42 false",
        ];
        let notes = mutter.notes();
        ensure!(notes == expected, "{notes:?}");
        Ok(())
    });
}

#[test]
fn a_newer_mutter_is_told_in_its_words() {
    with("a_newer_mutter_is_told_in_its_words", Version::New, |mutter, gnome, _| {
        mutter.notes();
        let (x, y) = at(0.5, 0.25);
        let touch = |phase| Event::Touch { slot: 3, phase, x, y };
        let ctrl = Modifiers { ctrl: true, ..Modifiers::default() };
        let events = [
            Event::Key { code: KeyCode(30), down: true },
            Event::Key { code: KeyCode(30), down: false },
            Event::Keysym { keysym: Keysym(0xdf), down: true },
            Event::Keysym { keysym: Keysym(0xdf), down: false },
            Event::Tap { keysym: Keysym(0x63), modifiers: ctrl },
            Event::Text("a\n".into()),
            move_to(0.5, 0.25),
            move_to(1.0, 0.0),
            Event::MoveBy { dx: 1.5, dy: -2.0 },
            Event::Button { button: PointerButton::RIGHT, down: true },
            Event::Button { button: PointerButton::RIGHT, down: false },
            wheel(0.0, 2.0),
            wheel(-1.0, 0.0),
            wheel(0.0, 0.5),
            Event::Scroll(Scroll { dx: 0.0, dy: 1.0, kind: ScrollKind::Finger }),
            touch(TouchPhase::Down),
            touch(TouchPhase::Move),
            touch(TouchPhase::Cancel),
        ];
        let notes = told(mutter, gnome, &events)?;
        let expected = format!(
            "keycode 30 true|keycode 30 false|keysym 0xdf true|keysym 0xdf false|keycode 29 true|keysym 0x63 true|\
             keysym 0x63 false|keycode 29 false|keysym 0x61 true|keysym 0x61 false|keysym 0xff0d true|\
             keysym 0xff0d false|absolute string {STREAM} 1000 250|absolute string {STREAM} 1999.5 0|relative 1.5 -2|\
             button 273 true|button 273 false|wheel 0 2|wheel 1 -1|axis 0 5 2|axis 0 10 4|\
             touch down {STREAM} 3 1000 250|touch motion {STREAM} 3 1000 250|touch up 3"
        );
        ensure!(notes.join("|") == expected, "{notes:#?}");
        Ok(())
    });
}

#[test]
fn an_older_mutter_is_told_in_its_words() {
    with("an_older_mutter_is_told_in_its_words", Version::Old, |mutter, gnome, runtime| {
        mutter.notes();
        let events = [move_to(0.5, 0.25), Event::MoveBy { dx: 1.0, dy: 2.0 }, wheel(0.0, -1.0)];
        let notes = told(mutter, gnome, &events)?;
        let expected = format!("absolute path {STREAM} 1000 250|old relative 1 2|axis 0 -10 2");
        ensure!(notes.join("|") == expected, "{notes:#?}");
        let (x, y) = at(0.0, 0.0);
        let refused = told(mutter, gnome, &[Event::Touch { slot: 0, phase: TouchPhase::Down, x, y }]);
        ensure!(refused.is_err_and(|error| error.to_string().starts_with("touch is unavailable")));
        let clipboard = runtime.block_on(Clipboard::of_gnome(gnome.clone()).get(Kind::Text));
        ensure!(matches!(clipboard, Err(SessionError::Unavailable { what: "the clipboard", .. })), "{clipboard:?}");
        Ok(())
    });
}

#[test]
fn a_wheel_is_told_to_mutter_as_a_wheel() {
    /// Mutter's flags: 2 is a wheel, 4 a finger, which is what it takes a turn without one for.
    const WHEEL: &str = "2";
    for version in [Version::New, Version::Old] {
        with("a_wheel_is_told_to_mutter_as_a_wheel", version, |mutter, gnome, _| {
            mutter.notes();
            for note in told(mutter, gnome, &[wheel(0.0, 1.0), wheel(0.0, -0.25), wheel(0.5, 0.0)])? {
                let is_wheel = note.starts_with("wheel ") || note.split(' ').next_back() == Some(WHEEL);
                ensure!(is_wheel, "{note}");
            }
            let fingers = Event::Scroll(Scroll { dx: 0.0, dy: 1.0, kind: ScrollKind::Finger });
            let notes = told(mutter, gnome, &[fingers])?;
            ensure!(notes == ["axis 0 10 4"], "{notes:?}");
            Ok(())
        });
    }
}

#[test]
fn positions_are_pixels_of_the_picture_once_its_size_is_known() {
    with("positions_are_pixels_of_the_picture_once_its_size_is_known", Version::New, |mutter, gnome, _| {
        mutter.notes();
        let mut sink = gnome.sink();
        sink.set_picture_size(Size::new(400, 300));
        sink.send(&move_to(0.5, 0.5))?;
        sink.flush()?;
        ensure!(mutter.notes() == [format!("absolute string {STREAM} 200 150")]);
        Ok(())
    });
}

#[test]
fn a_session_that_mutter_closes_is_made_again() {
    with("a_session_that_mutter_closes_is_made_again", Version::New, |mutter, gnome, runtime| {
        mutter.notes();
        runtime.block_on(close(mutter))?;
        wait("a new session", || Ok(mutter.notes().iter().any(|note| note == "Start").then_some(())))?;
        wait("it is used", || Ok(told(mutter, gnome, &[wheel(0.0, 1.0)]).is_ok().then_some(())))
    });
}

#[test]
fn what_is_held_goes_up_with_the_last_handle_and_the_session_stops() {
    if !is_installed("dbus-daemon") {
        println!(
            "NOT RUN: what_is_held_goes_up_with_the_last_handle_and_the_session_stops: dbus-daemon is not installed"
        );
        return;
    }
    let folder = folder();
    let bus = Bus::start(folder.path(), "session").unwrap();
    let runtime = runtime();
    let mutter = runtime.block_on(Mutter::start(&bus.address, Version::New)).unwrap();
    let mut sink = Gnome::open(Some(&bus.address)).unwrap().sink();
    sink.send(&Event::Key { code: KeyCode(29), down: true }).unwrap();
    drop(sink);
    let mut notes = Vec::new();
    wait("the session stops", || {
        notes.extend(mutter.notes());
        Ok(notes.iter().any(|note| note == "Stop").then_some(()))
    })
    .unwrap();
    let end = ["keycode 29 true", "keycode 29 false", "Stop"];
    assert_eq!(notes[notes.len() - 3..], end);
}

#[test]
fn a_bus_without_gnome_is_said_to_be_one() {
    if !is_installed("dbus-daemon") {
        println!("NOT RUN: a_bus_without_gnome_is_said_to_be_one: dbus-daemon is not installed");
        return;
    }
    let folder = folder();
    let bus = Bus::start(folder.path(), "session").unwrap();
    let error = Gnome::open(Some(&bus.address)).unwrap_err();
    assert!(error.to_string().contains("org.gnome.Mutter.RemoteDesktop is not on the session bus"), "{error}");
}
