//! What arrives, in which pieces, and what is refused.

use std::time::{Duration, Instant};

use lunette_capture::{Presence, ScanoutControl, ScanoutStatus};
use lunette_frame::{Rect, ScanoutId, Size};

use crate::fake::SharedPicture;
use crate::fixture::{Fixture, until};

#[test]
fn a_shared_picture_arrives_whole_and_then_its_changes() {
    for picture in [SharedPicture::new(64, 32, 1), SharedPicture::sealed(64, 32, 1)] {
        let fixture = Fixture::new();
        let mut viewer = fixture.open(0);
        let listener = fixture.qemu.listener();
        assert!(listener.offers_only_maps());
        listener.scanout_map(&picture).unwrap();
        listener.update_map(0, 0, 64, 32).unwrap();
        let first = viewer.next();
        assert_eq!(
            (first.size, first.damage.as_slice(), first.number),
            (Size::new(64, 32), [Rect::new(0, 0, 64, 32)].as_slice(), 0)
        );
        assert!(first.is_all(1));
        picture.fill(0, 0, 64, 32, 7);
        listener.update_map(8, 4, 16, 2).unwrap();
        let second = viewer.next();
        assert_eq!((second.damage.as_slice(), second.number), ([Rect::new(8, 4, 16, 2)].as_slice(), 1));
        assert_eq!([second.pixel(7, 4), second.pixel(8, 4), second.pixel(23, 5), second.pixel(24, 5)], [1, 7, 7, 1]);
    }
}

#[test]
fn pictures_that_nobody_watches_are_counted_and_not_captured() {
    let fixture = Fixture::new();
    fixture.enable(1, 640, 480);
    let listener = fixture.qemu.listener();
    let status = || fixture.screens.status(ScanoutId::new(1));
    assert_eq!(status(), ScanoutStatus::empty(Presence::On));
    listener.scanout_map(&SharedPicture::new(64, 32, 1)).unwrap();
    for updates in 1..=3 {
        listener.update_map(0, 0, 64, 32).unwrap();
        assert_eq!((status().pictures, status().size), (updates, Some(Size::new(64, 32))));
    }
    let (told, before) = (status(), fixture.state(1));
    assert!(told.newest.is_some() && before.sources == 0);
    let mut viewer = fixture.open(1);
    assert!(viewer.next().is_all(1));
    assert_eq!(status(), told, "whoever looks makes no progress");
    listener.mouse_set(5, 6, 1).unwrap();
    assert_eq!((status().cursor_changes, status().pictures), (1, 3));
}

#[test]
fn another_shared_picture_counts_as_changed_everywhere() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    for value in 1..5 {
        listener.scanout_map(&SharedPicture::new(32, 32, value)).unwrap();
        listener.update_map(0, 0, 1, 1).unwrap();
        let seen = viewer.next();
        assert!(seen.is_all(value));
        assert_eq!(seen.damage, [Rect::new(0, 0, 32, 32)]);
    }
}

#[test]
fn pixels_in_messages_are_pictures_too() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    listener.scanout(&SharedPicture::new(64, 32, 1)).unwrap();
    assert!(viewer.next().is_all(1));
    listener.update(60, 30, &SharedPicture::new(4, 2, 9)).unwrap();
    let seen = viewer.next();
    assert_eq!(seen.damage, [Rect::new(60, 30, 4, 2)]);
    assert_eq!([seen.pixel(59, 30), seen.pixel(60, 30), seen.pixel(63, 31)], [1, 9, 9]);
    let state = fixture.state(0);
    assert_eq!((state.mapped, state.plain), (0, 2));
}

#[test]
fn a_new_size_in_mid_stream_is_a_new_picture() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    for (width, height) in [(64, 32), (641, 481), (5, 7), (64, 32)] {
        listener.scanout_map(&SharedPicture::new(width, height, 3)).unwrap();
        listener.update_map(0, 0, 5, 5).unwrap();
        let seen = viewer.next();
        assert_eq!((seen.size, seen.is_all(3)), (Size::new(width, height), true));
        assert_eq!(seen.damage, [Rect::new(0, 0, width, height)]);
    }
    listener.scanout(&SharedPicture::new(40, 30, 4)).unwrap();
    assert_eq!(viewer.next().size, Size::new(40, 30));
}

#[test]
fn two_updates_at_once_are_two_numbers_and_one_picture() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    let picture = SharedPicture::new(64, 32, 1);
    listener.scanout_map(&picture).unwrap();
    listener.update_map(0, 0, 64, 32).unwrap();
    viewer.next();
    picture.fill(0, 0, 64, 32, 2);
    listener.update_map_at_once(&[(0, 0, 4, 4), (40, 20, 4, 4)]);
    until("both were handled", || fixture.state(0).last_number == 3);
    let seen = viewer.next();
    assert_eq!((seen.number, seen.damage.len()), (2, 2));
    assert_eq!([seen.pixel(0, 0), seen.pixel(43, 23), seen.pixel(4, 4)], [2, 2, 1]);
}

#[test]
fn updates_that_nobody_polled_for_are_one_damage_and_a_gap() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    listener.scanout_map(&SharedPicture::new(64, 32, 1)).unwrap();
    listener.update_map(0, 0, 64, 32).unwrap();
    viewer.next();
    for x in 0..4 {
        listener.update_map(x * 8, 0, 2, 2).unwrap();
    }
    let seen = viewer.next();
    assert_eq!((seen.number, seen.damage.len()), (4, 4));
    assert_eq!(viewer.poll().unwrap(), None);
}

#[test]
fn a_format_that_cannot_be_shown_is_named_and_a_good_one_heals_it() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    let mut picture = SharedPicture::new(64, 32, 1);
    picture.format = 0x1002_0565;
    listener.scanout_map(&picture).unwrap();
    listener.update_map(0, 0, 64, 32).unwrap();
    assert_eq!(viewer.next_error(), "pixels of pixman format 0x10020565 cannot be shown");
    assert!(fixture.state(0).fault.is_some());
    listener.scanout_map(&SharedPicture::new(64, 32, 2)).unwrap();
    listener.update_map(0, 0, 64, 32).unwrap();
    until("a picture", || viewer.poll().is_ok_and(|seen| seen.is_some_and(|seen| seen.is_all(2))));
}

#[test]
fn descriptions_that_lie_are_refused_and_pixels_are_taken_instead() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    let lie = |change: fn(&mut SharedPicture)| {
        let mut picture = SharedPicture::new(64, 32, 1);
        change(&mut picture);
        listener.scanout_map(&picture)
    };
    assert!(lie(|picture| picture.offset = 4).is_err());
    assert!(lie(|picture| picture.offset = u32::MAX).is_err());
    assert!(lie(|picture| picture.height = 33).is_err());
    assert!(lie(|picture| picture.stride = 257).is_err());
    assert!(lie(|picture| picture.stride = u32::MAX).is_err());
    listener.update_map(0, 0, 64, 32).unwrap();
    listener.scanout(&SharedPicture::new(64, 32, 5)).unwrap();
    assert!(viewer.next().is_all(5));
}

#[test]
fn impossible_pictures_are_faults_and_not_the_end() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    for (width, stride) in [(0, 0), (20_000, 80_000), (64, 255)] {
        let mut picture = SharedPicture::new(64, 32, 1);
        (picture.width, picture.stride) = (width, stride);
        listener.scanout_map(&picture).unwrap();
        assert!(viewer.next_error().starts_with("the machine sent an impossible picture"));
    }
    let mut short = SharedPicture::new(64, 32, 1);
    short.stride = 255;
    listener.scanout(&short).unwrap();
    assert!(viewer.next_error().contains("stride"));
    listener.scanout(&SharedPicture::new(64, 32, 5)).unwrap();
    until("a picture", || viewer.poll().is_ok_and(|seen| seen.is_some()));
    listener.update(-2, -2, &SharedPicture::new(4, 4, 6)).unwrap();
    assert!(viewer.next_error().starts_with("the machine sent an impossible picture"));
}

#[test]
fn areas_beyond_the_picture_are_clipped() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    listener.scanout_map(&SharedPicture::new(64, 32, 1)).unwrap();
    listener.update_map(0, 0, i32::MAX, i32::MAX).unwrap();
    viewer.next();
    listener.update_map(i32::MIN, -5, 10, i32::MAX).unwrap();
    assert_eq!(viewer.next().damage, []);
    listener.update_map(-5, -5, 10, 10).unwrap();
    assert_eq!(viewer.next().damage, [Rect::new(0, 0, 5, 5)]);
}

#[test]
fn dmabuf_is_refused_with_advice() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    let refused = listener.scanout_dmabuf(&SharedPicture::new(64, 32, 1)).unwrap_err().to_string();
    assert!(refused.contains("start QEMU with gl=off"), "{refused}");
    assert!(viewer.next_error().contains("DMABUF"));
}

#[test]
fn the_pointer_is_no_picture() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    listener.scanout(&SharedPicture::new(64, 32, 1)).unwrap();
    viewer.next();
    listener.cursor_define(2, 2, &[9; 16]).unwrap();
    for x in 0..10 {
        listener.mouse_set(x, 5, 1).unwrap();
    }
    assert_eq!(viewer.poll().unwrap(), None);
    let cursor = viewer.cursor();
    let shape = cursor.shape.expect("a shape");
    assert_eq!((cursor.x, cursor.y, cursor.visible, cursor.changes), (9, 5, true, 11));
    assert_eq!((shape.size, shape.hot_x, shape.hot_y, shape.pixels.len()), (Size::new(2, 2), 1, 2, 16));
    for (width, height, len) in [(2, 2, 15), (0, 2, 0), (-1, -1, 4), (100_000, 1, 400_000)] {
        assert!(listener.cursor_define(width, height, &vec![0; len]).is_err());
    }
    assert_eq!((fixture.state(0).cursor_changes, fixture.state(0).last_number), (11, 1));
}

#[test]
fn the_pointer_rings_the_doorbell_of_who_follows_it() {
    let fixture = Fixture::new();
    let (mut following, other) = (fixture.open(0), fixture.open(0));
    let listener = fixture.qemu.listener();
    for viewer in [&following, &other] {
        viewer.doorbell.wait(Some(Duration::ZERO));
    }
    following.source.follow_cursor();
    listener.mouse_set(1, 5, 1).unwrap();
    following.doorbell.wait(None);
    assert_eq!(following.cursor().x, 1);
    listener.cursor_define(2, 2, &[9; 16]).unwrap();
    following.doorbell.wait(None);
    assert!(following.cursor().shape.is_some());
    let since = Instant::now();
    other.doorbell.wait(Some(Duration::from_millis(20)));
    assert!(since.elapsed() >= Duration::from_millis(20), "nobody rang");
}

#[test]
fn a_viewer_that_comes_late_gets_the_newest_picture_at_once() {
    let fixture = Fixture::new();
    fixture.enable(3, 640, 480);
    let listener = fixture.qemu.listener();
    assert_eq!(listener.console, 3);
    let picture = SharedPicture::new(640, 480, 1);
    listener.scanout_map(&picture).unwrap();
    listener.update_map(0, 0, 640, 480).unwrap();
    picture.fill(0, 0, 640, 480, 2);
    listener.update_map(0, 0, 640, 480).unwrap();
    let mut early = fixture.open(3);
    assert!(early.next().is_all(2));
    let mut late = fixture.open(3);
    let seen = late.next();
    assert_eq!((seen.number, seen.damage.as_slice()), (0, [Rect::new(0, 0, 640, 480)].as_slice()));
    drop(early);
    picture.fill(0, 0, 640, 480, 3);
    listener.update_map(0, 0, 640, 480).unwrap();
    assert!(late.next().is_all(3));
}
