//! Enabling, resizing, nudging and disabling outputs.

use std::time::Duration;

use lunette_capture::qemu_dbus::{QemuConfig, Timings};
use lunette_capture::{ControlError, Mode, ScanoutControl};
use lunette_frame::{ScanoutId, Size};

use crate::fake::{SharedPicture, UiInfo};
use crate::fixture::Fixture;

const ID: ScanoutId = ScanoutId::new(3);

fn mode(width: u32, height: u32) -> Mode {
    Mode { size: Size::new(width, height), refresh_hz: 60 }
}

#[test]
fn a_repeated_enable_is_a_nudge_and_another_size_a_resize() {
    let fixture = Fixture::new();
    assert_eq!(fixture.screens.enable(ID, mode(1920, 1080)).unwrap(), "Virtual-4");
    for _ in 0..2 {
        fixture.enable(3, 1920, 1080);
    }
    fixture.enable(3, 1280, 720);
    fixture.screens.disable(ID).unwrap();
    let infos = fixture.qemu.await_ui_infos(5);
    let info = |width_mm, width, height| UiInfo { console: 3, width_mm, width, height };
    assert_eq!(
        infos,
        [info(508, 1920, 1080), info(509, 1920, 1080), info(508, 1920, 1080), info(338, 1280, 720), info(0, 0, 0)]
    );
}

#[test]
fn switches_of_many_callers_keep_their_distance() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for id in 1..=8 {
            let fixture = &fixture.screens;
            scope.spawn(move || fixture.enable(ScanoutId::new(id), mode(640, 480)).unwrap());
        }
    });
    let times: Vec<_> = fixture.qemu.ui_infos().into_iter().map(|(time, _)| time).collect();
    assert_eq!(times.len(), 8);
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(95), "{:?}", pair[1] - pair[0]);
    }
    assert_eq!(fixture.screens.scanouts().len(), 9);
}

#[test]
fn disabling_ends_the_sources_and_the_listener() {
    let fixture = Fixture::new();
    fixture.enable(3, 640, 480);
    let mut viewer = fixture.open(3);
    let listener = fixture.qemu.listener();
    listener.scanout(&SharedPicture::new(640, 480, 1)).unwrap();
    viewer.next();
    fixture.screens.disable(ID).unwrap();
    viewer.await_end();
    assert!(listener.is_dropped());
    assert!(matches!(fixture.screens.open(ID, &viewer.doorbell), Err(ControlError::NotEnabled(ID))));
    fixture.screens.disable(ID).unwrap();
    fixture.enable(3, 640, 480);
    let mut again = fixture.open(3);
    fixture.qemu.listener().scanout(&SharedPicture::new(640, 480, 2)).unwrap();
    assert!(again.next().is_all(2));
    viewer.await_end();
}

#[test]
fn the_console_can_be_resized_and_not_disabled() {
    let fixture = Fixture::new();
    let console = ScanoutId::new(0);
    assert!(matches!(fixture.screens.disable(console), Err(ControlError::Console(_))));
    assert_eq!(fixture.screens.enable(console, mode(800, 600)).unwrap(), "Virtual-1");
    assert_eq!(fixture.screens.scanouts()[0].size, Size::new(800, 600));
}

#[test]
fn three_of_the_largest_screens_are_refused_with_both_numbers() {
    let fixture = Fixture::new();
    fixture.enable(1, 5120, 2880);
    fixture.enable(2, 5120, 2880);
    let refused = fixture.screens.enable(ID, mode(5120, 2880)).unwrap_err();
    assert!(matches!(refused, ControlError::Memory { needed: 176_947_200, .. }), "{refused}");
    assert_eq!(fixture.qemu.ui_infos().len(), 2);
    fixture.screens.disable(ScanoutId::new(1)).unwrap();
    fixture.enable(3, 5120, 2880);
}

#[test]
fn a_guest_that_shows_more_than_there_is_memory_for_gets_an_error() {
    let fixture = Fixture::with(640 * 480 * 4 * 3, Timings::default());
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    listener.scanout_map(&SharedPicture::new(800, 600, 1)).unwrap();
    listener.update_map(0, 0, 800, 600).unwrap();
    assert!(viewer.next_error().starts_with("pictures of 800x600 need 5760000 bytes"));
}

#[test]
fn an_output_that_does_not_exist_is_refused() {
    let fixture = Fixture::new();
    let id = ScanoutId::new(16);
    assert!(matches!(fixture.screens.enable(id, mode(640, 480)), Err(ControlError::NoSuchScanout { count: 16, .. })));
    assert!(matches!(fixture.screens.disable(id), Err(ControlError::NoSuchScanout { .. })));
    assert!(matches!(fixture.screens.open(id, &std::sync::Arc::default()), Err(ControlError::NoSuchScanout { .. })));
}

#[test]
fn a_silent_qemu_is_an_error_in_time() {
    let timings = Timings { answer: Duration::from_millis(300), ..Timings::default() };
    let fixture = Fixture::with(QemuConfig::MEMORY, timings);
    fixture.qemu.fall_silent();
    let error = fixture.screens.enable(ID, mode(640, 480)).unwrap_err();
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert_eq!(cause, "QEMU has not answered SetUIInfo within 300 ms");
    assert_eq!(fixture.screens.scanouts().len(), 1);
}
