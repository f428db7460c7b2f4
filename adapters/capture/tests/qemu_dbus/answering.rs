//! QEMU never waits for a pipeline.

use std::process::Command;
use std::time::Duration;

use lunette_capture::{Polled, now};

use crate::fake::SharedPicture;
use crate::fixture::{Fixture, until};

const FULL: (i32, i32, i32, i32) = (0, 0, 1280, 720);

#[test]
fn answers_come_at_once_while_a_pipeline_holds_its_picture() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    let pictures = [1, 2].map(|value| SharedPicture::new(1280, 720, value));
    listener.scanout_map(&pictures[0]).unwrap();
    listener.update_map(0, 0, 1280, 720).unwrap();
    until("a picture", || matches!(viewer.source.poll(now()), Ok(Polled::Frame(_))));
    let held = viewer.source;
    let mut times: Vec<Duration> = (0..100)
        .map(|turn| {
            listener.scanout_map(&pictures[turn % 2]).unwrap();
            listener.update_map(0, 0, 1280, 720).unwrap()
        })
        .collect();
    times.sort();
    println!("update answered: p50 {:?}, p99 {:?}; handler {:?}", times[50], times[99], fixture.state(0).answered_p99);
    // A loaded machine may take the processor away now and then, not most of the time.
    assert!(times[50] < Duration::from_millis(20), "{:?}", times[50]);
    drop(held);
}

/// In a process of its own: other tests take and free memory too.
#[test]
fn memory_stays_as_it_is_over_10_000_updates() {
    const ALONE: &str = "LUNETTE_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return update_10_000_times();
    }
    let name = "answering::memory_stays_as_it_is_over_10_000_updates";
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).args(["--exact", name]).env(ALONE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn update_10_000_times() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    let pictures = [1, 2].map(|value| SharedPicture::new(1280, 720, value));
    let mut flip = |turn: usize| {
        listener.scanout_map(&pictures[turn % 2]).expect("answered");
        listener.update_map_at_once(&[FULL; 2]);
        let _ = viewer.poll();
    };
    (0..200).for_each(&mut flip);
    let (before, descriptors) = (resident(), open_files());
    (0..5000).for_each(&mut flip);
    until("all were handled", || fixture.state(0).last_number >= 10_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more");
    assert!(open_files() <= descriptors + 4);
}

#[test]
fn nonsense_is_refused_and_the_connection_goes_on() {
    let fixture = Fixture::new();
    let mut viewer = fixture.open(0);
    let listener = fixture.qemu.listener();
    assert!(listener.nonsense().is_err());
    for method in ["Scanout", "Update", "ScanoutMap", "UpdateMap", "CursorDefine", "MouseSet", "NoSuchMethod"] {
        assert!(listener.wrong_arguments(method).is_err(), "{method}");
    }
    listener.scanout(&SharedPicture::new(8, 8, 1)).unwrap();
    assert!(viewer.next().is_all(1));
}

/// Bytes of memory that this process has.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("/proc");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * 4096
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("/proc").count()
}
