//! Resets, lost connections, and what comes back by itself.

use std::time::{Duration, Instant};

use lunette_capture::qemu_dbus::{MachineEvent, QemuConfig, Timings};
use lunette_capture::{ControlError, Mode, ScanoutControl};
use lunette_frame::{ScanoutId, Size};

use crate::fake::SharedPicture;
use crate::fixture::{Fixture, until};

const ID: ScanoutId = ScanoutId::new(3);
const MODE: Mode = Mode { size: Size::new(640, 480), refresh_hz: 60 };

#[test]
fn a_reset_unplugs_all_but_the_console_and_ends_their_sources() {
    let fixture = Fixture::new();
    let mut console = fixture.open(0);
    let listener = fixture.qemu.listener();
    fixture.enable(3, 640, 480);
    let mut desktop = fixture.open(3);
    fixture.qemu.event("RESET");
    fixture.await_event(MachineEvent::Reset);
    desktop.await_end();
    let infos = fixture.qemu.await_ui_infos(16);
    let unplugged: Vec<_> = infos[1..].iter().map(|info| (info.console, info.width, info.height)).collect();
    assert_eq!(unplugged, (1..16).map(|console| (console, 0, 0)).collect::<Vec<_>>());
    listener.scanout(&SharedPicture::new(64, 32, 1)).unwrap();
    assert!(console.next().is_all(1));
    assert!(matches!(fixture.screens.open(ID, &desktop.doorbell), Err(ControlError::NotEnabled(ID))));
    fixture.enable(3, 640, 480);
}

#[test]
fn a_lost_qemu_ends_sources_fails_requests_at_once_and_is_found_again() {
    let fixture = Fixture::new();
    fixture.enable(3, 640, 480);
    let mut viewer = fixture.open(3);
    fixture.qemu.listener().scanout(&SharedPicture::new(640, 480, 1)).unwrap();
    viewer.next();
    fixture.qemu.crash();
    fixture.await_event(MachineEvent::Lost);
    viewer.await_end();
    let start = Instant::now();
    let refused = fixture.screens.enable(ID, MODE).unwrap_err();
    assert!(matches!(refused, ControlError::Unreachable { .. }), "{refused}");
    assert!(start.elapsed() < Duration::from_millis(200));
    assert!(fixture.screens.scanouts().is_empty());
    fixture.qemu.revive();
    fixture.await_event(MachineEvent::Connected);
    fixture.enable(3, 640, 480);
    let mut viewer = fixture.open(3);
    fixture.qemu.listener().scanout(&SharedPicture::new(640, 480, 2)).unwrap();
    assert!(viewer.next().is_all(2));
}

#[test]
fn a_machine_that_shuts_down_is_lost() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    fixture.qemu.event("SHUTDOWN");
    fixture.await_event(MachineEvent::Lost);
    viewer.await_end();
    fixture.await_event(MachineEvent::Connected);
}

#[test]
fn a_listener_that_qemu_drops_is_registered_anew_and_the_source_goes_on() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    for value in 1..4 {
        let listener = fixture.qemu.listener();
        let picture = SharedPicture::new(64, 32, value);
        listener.scanout_map(&picture).unwrap();
        listener.update_map(0, 0, 64, 32).unwrap();
        assert!(viewer.next().is_all(value));
        listener.close();
    }
    until("registered again", || fixture.state(0).registrations == 4);
}

#[test]
fn a_listener_that_took_too_long_is_registered_anew() {
    let timings = Timings { stall: Duration::ZERO, ..Timings::default() };
    let fixture = Fixture::with(QemuConfig::MEMORY, timings);
    let _viewer = fixture.open(0);
    let first = fixture.qemu.listener();
    assert!(first.is_dropped());
    fixture.qemu.listener();
    assert!(fixture.state(0).stalls >= 1);
}

#[test]
fn a_listener_that_lost_its_maps_gets_them_back_by_registering_anew() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    listener.scanout_map(&SharedPicture::new(64, 32, 1)).unwrap();
    listener.update_map(0, 0, 64, 32).unwrap();
    viewer.next();
    let _ = listener.scanout(&SharedPicture::new(64, 32, 2));
    assert!(listener.is_dropped());
    let listener = fixture.qemu.listener();
    listener.scanout(&SharedPicture::new(64, 32, 3)).unwrap();
    until("pixels are taken", || viewer.poll().is_ok_and(|seen| seen.is_some_and(|seen| seen.is_all(3))));
    assert_eq!(fixture.state(0).stalls, 1);
}

#[test]
fn a_console_that_nobody_watches_any_more_has_no_listener() {
    let fixture = Fixture::new();
    let viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    drop(viewer);
    assert!(listener.is_dropped());
    assert!(fixture.qemu.has_no_listener());
}

#[test]
fn outputs_of_a_machine_that_ran_before_can_be_watched_and_switched_off() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(3);
    fixture.qemu.listener().scanout(&SharedPicture::new(800, 600, 1)).unwrap();
    viewer.next();
    let known = fixture.screens.scanouts();
    assert!(known.iter().any(|scanout| scanout.id == ID && scanout.size == Size::new(800, 600)));
    fixture.screens.disable(ID).unwrap();
    viewer.await_end();
}
