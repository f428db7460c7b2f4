//! Which files differ, and by how many lines.

use std::collections::BTreeMap;

use serde::Serialize;

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where it is, or was.
    pub path: String,
    /// Where it was before, when it was moved or copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Lines that came.
    pub additions: u64,
    /// Lines that went.
    pub deletions: u64,
    /// It has no lines.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or mode is another.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It was made of another one.
    Copied,
    /// It became a link, or a file.
    TypeChanged,
}

/// All files that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The files, in git's order.
    pub files: Vec<Change>,
    /// Lines that came, of all files.
    pub additions: u64,
    /// Lines that went, of all files.
    pub deletions: u64,
}

impl Changes {
    /// Reads what `git diff --raw --numstat -z` prints: first what happened to each file, then how many lines. What is
    /// unknown or half there is passed over, and so is a file without lines of either kind that `counted` wants counted.
    #[must_use]
    pub fn parse(out: &[u8], counted: Counted) -> Self {
        let whole = out.iter().rposition(|byte| *byte == 0).map_or(&[][..], |end| &out[..end]);
        let mut fields = whole.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
        let (mut files, mut lines) = (Vec::new(), BTreeMap::new());
        while let Some(field) = fields.next() {
            match field.strip_prefix(':') {
                Some(head) => files.extend(raw(head, &mut fields)),
                None => {
                    let Some((path, counts)) = numbers(&field, &mut fields) else { continue };
                    lines.insert(path, counts);
                }
            }
        }
        Self::of(files, &lines, counted)
    }

    fn of(mut files: Vec<Change>, lines: &BTreeMap<String, Lines>, counted: Counted) -> Self {
        files.retain_mut(|file| {
            let Some(lines) = lines.get(&file.path) else {
                return counted == Counted::All || file.kind != ChangeKind::Modified;
            };
            (file.additions, file.deletions, file.binary) = (lines.additions, lines.deletions, lines.binary);
            true
        });
        let sum = |of: fn(&Change) -> u64| files.iter().map(of).fold(0, u64::saturating_add);
        Self { additions: sum(|file| file.additions), deletions: sum(|file| file.deletions), files }
    }
}

/// Which files count as changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All.
    All,
    /// Those of whose lines some differ.
    WithLines,
}

#[derive(Debug, Clone, Copy)]
struct Lines {
    additions: u64,
    deletions: u64,
    binary: bool,
}

/// `OLDMODE NEWMODE OLD NEW KIND`, then a path, or two.
fn raw(head: &str, fields: &mut impl Iterator<Item = String>) -> Option<Change> {
    let kind = match head.rsplit(' ').next()?.chars().next()? {
        'A' => ChangeKind::Added,
        'D' => ChangeKind::Deleted,
        'R' => ChangeKind::Renamed,
        'C' => ChangeKind::Copied,
        'T' => ChangeKind::TypeChanged,
        _ => ChangeKind::Modified,
    };
    let first = fields.next()?;
    let (path, old_path) = match kind {
        ChangeKind::Renamed | ChangeKind::Copied => (fields.next()?, Some(first)),
        _ => (first, None),
    };
    Some(Change { path, old_path, kind, additions: 0, deletions: 0, binary: false })
}

/// `ADDITIONS\tDELETIONS\tPATH`, or without a path, which then follows behind the old one.
fn numbers(field: &str, fields: &mut impl Iterator<Item = String>) -> Option<(String, Lines)> {
    let mut parts = field.splitn(3, '\t');
    let (additions, deletions, path) = (parts.next()?, parts.next()?, parts.next()?);
    let path = match path {
        "" => {
            fields.next()?;
            fields.next()?
        }
        path => path.to_owned(),
    };
    let binary = additions == "-";
    let number = |text: &str| text.parse().ok().or(binary.then_some(0));
    Some((path, Lines { additions: number(additions)?, deletions: number(deletions)?, binary }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_and_their_lines_are_matched_by_path() {
        let out = b":100644 100644 a b M\0x\ty\0:100644 100644 a a R100\0old\0new\0:000000 100644 0 a A\0bin\0\
                    3\t1\tx\ty\x00000\t0\t\0old\0new\0-\t-\tbin\0";
        let changes = Changes::parse(out, Counted::All);
        let brief: Vec<_> =
            changes.files.iter().map(|f| (f.path.as_str(), f.kind, f.additions, f.deletions, f.binary)).collect();
        assert_eq!(
            brief,
            [
                ("x\ty", ChangeKind::Modified, 3, 1, false),
                ("new", ChangeKind::Renamed, 0, 0, false),
                ("bin", ChangeKind::Added, 0, 0, true)
            ]
        );
        assert_eq!((changes.files[1].old_path.as_deref(), changes.additions, changes.deletions), (Some("old"), 3, 1));
    }

    #[test]
    fn files_that_differ_in_white_space_only_are_left_out_where_that_does_not_count() {
        let out = b":100644 100644 a b M\0x\0:100644 100644 a b M\0y\x00001\t1\ty\0";
        assert_eq!(Changes::parse(out, Counted::All).files.len(), 2);
        assert_eq!(Changes::parse(out, Counted::WithLines).files[0].path, "y");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(out in proptest::collection::vec(any::<u8>(), 0..200)) {
            let changes = Changes::parse(&out, Counted::All);
            let status = crate::Status::parse(&out);
            prop_assert!(changes.files.len() <= out.len() && status.uncommitted <= out.len());
        }

        #[test]
        fn anything_like_a_diff_is_read(out in "(:[0-9 AMDR]{0,6}|[0-9-]\t[0-9-]\t[a-z]?|[a-z])(\0|\t)?{0,20}") {
            let changes = Changes::parse(out.as_bytes(), Counted::WithLines);
            prop_assert_eq!(changes.additions, changes.files.iter().map(|file| file.additions).sum::<u64>());
        }
    }
}
