//! Shared files as an honest and as a lying process sends them.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};

use lunette_sys_shm::{Rows, SharedRange, ShmError};
use rustix::fs::{MemfdFlags, memfd_create};

/// A file whose byte at `n` is `n % 251`.
fn file(len: usize) -> OwnedFd {
    let mut file = File::from(memfd_create("test", MemfdFlags::CLOEXEC).expect("memory for a file"));
    file.write_all(&bytes(0..len)).expect("room in memory");
    file.into()
}

fn bytes(range: std::ops::Range<usize>) -> Vec<u8> {
    range.map(|at| u8::try_from(at % 251).expect("below 251")).collect()
}

#[test]
fn rows_arrive_at_any_offset() {
    for offset in [0, 4, 4096, 65_536 + 12] {
        let range = SharedRange::open(file(200_000), offset as u64, 1000).unwrap();
        let mut into = vec![0; 30];
        range.copy_rows(Rows { start: 8, stride: 100, bytes: 10, count: 3 }, &mut into, 10).unwrap();
        let wanted: Vec<u8> = (0..3).flat_map(|row| bytes(offset + 8 + row * 100..offset + 18 + row * 100)).collect();
        assert_eq!(into, wanted, "offset {offset}");
    }
}

#[test]
fn rows_without_gaps_are_one_copy_and_gaps_in_the_target_stay() {
    let range = SharedRange::open(file(64), 0, 64).unwrap();
    let mut whole = vec![0; 64];
    range.copy_rows(Rows { start: 0, stride: 16, bytes: 16, count: 4 }, &mut whole, 16).unwrap();
    assert_eq!(whole, bytes(0..64));
    let mut wide = vec![255; 3 * 5 - 1];
    range.copy_rows(Rows { start: 0, stride: 4, bytes: 4, count: 3 }, &mut wide, 5).unwrap();
    assert_eq!(wide, [&bytes(0..4)[..], &[255], &bytes(4..8), &[255], &bytes(8..12)].concat());
}

#[test]
fn a_range_beyond_the_file_is_refused() {
    let open = |offset, len| SharedRange::open(file(100), offset, len).unwrap_err();
    assert!(matches!(open(0, 101), ShmError::Short { file: 100, .. }));
    assert!(matches!(open(1, 100), ShmError::Short { .. }));
    assert!(matches!(open(u64::MAX, 2), ShmError::Range { .. }));
    assert!(matches!(open(0, 0), ShmError::Range { .. }));
    assert!(matches!(open(0, usize::MAX), ShmError::Short { .. } | ShmError::Range { .. }));
}

#[test]
fn a_descriptor_that_is_no_file_is_refused() {
    let (reader, _writer) = rustix::pipe::pipe().unwrap();
    assert!(matches!(SharedRange::open(reader, 0, 4), Err(ShmError::Short { file: 0, .. })));
}

#[test]
fn a_file_that_may_not_be_read_is_an_error() {
    let shared = file(10);
    let path = format!("/proc/self/fd/{}", shared.as_raw_fd());
    let write_only = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let range = SharedRange::open(write_only.into(), 0, 10).unwrap();
    let read = range.copy_rows(Rows { start: 0, stride: 1, bytes: 1, count: 1 }, &mut [0], 1);
    assert!(matches!(read, Err(ShmError::Read(_))));
}

#[test]
fn a_file_that_shrinks_is_an_error_and_no_fault() {
    let fd = file(8192);
    let range = SharedRange::open(fd.try_clone().unwrap(), 0, 8192).unwrap();
    File::from(fd).set_len(10).unwrap();
    let rows = Rows { start: 0, stride: 4096, bytes: 16, count: 2 };
    assert!(matches!(range.copy_rows(rows, &mut [0; 32], 16), Err(ShmError::Shrunk(10))));
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let range = SharedRange::open(file(100), 0, 100).unwrap();
    let mut into = [0; 20];
    let mut refused = |start, stride, bytes, count, into_stride| {
        let rows = Rows { start, stride, bytes, count };
        matches!(range.copy_rows(rows, &mut into, into_stride), Err(ShmError::Rows(_)))
    };
    assert!(refused(0, 50, 10, 3, 10), "beyond the range");
    assert!(refused(0, 10, 10, 3, 10), "beyond the target");
    assert!(refused(0, 5, 10, 2, 10), "overlapping at the source");
    assert!(refused(0, 10, 10, 2, 5), "overlapping at the target");
    assert!(refused(usize::MAX, 10, 10, 2, 10));
    assert!(refused(0, usize::MAX, 10, 3, 10));
    assert!(!refused(90, 10, 10, 1, 0), "one row needs no distance");
    assert!(!refused(0, 10, 10, 0, 0));
}
