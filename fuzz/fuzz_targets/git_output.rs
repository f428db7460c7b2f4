//! What git prints, with whatever names somebody gave to files: nothing panics, and sums are sums. Names that strangers give:
//! what passes is nothing but a name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_worktree::{BaseName, Changes, Counted, Status, TreePath};

fuzz_target!(|data: &[u8]| {
    let status = Status::parse(data);
    assert!(status.conflicts <= status.uncommitted && status.uncommitted <= data.len(), "files out of nothing");
    let (all, with_lines) = (Changes::parse(data, Counted::All), Changes::parse(data, Counted::WithLines));
    assert!(with_lines.files.len() <= all.files.len(), "more files are counted when fewer count");
    let sum = all.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.additions));
    assert_eq!(all.additions, sum, "a sum is no sum");
    let Ok(text) = std::str::from_utf8(data) else { return };
    if BaseName::new(text).is_ok() {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
        assert!(!text.starts_with('-') && !text.contains("..") && text.bytes().all(plain), "no plain name");
    }
    if TreePath::new(text).is_ok() {
        let inside = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
        assert!(text.split('/').all(inside), "a path that leads out");
    }
});
