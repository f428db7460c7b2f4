//! Names that strangers give: branches, refs, paths. What is not plainly one is refused.

use std::fmt;

/// What is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Of a branch.
    #[error("{0:?} is no name of a branch: letters, digits and _ . / - are possible, and no - at the beginning")]
    Branch(String),
    /// Of a checkpoint.
    #[error("{0:?} is no ref of a checkpoint: they are below refs/helix/checkpoints/")]
    Checkpoint(String),
    /// Of a file.
    #[error("{0:?} is no path inside of a work tree")]
    Path(String),
    /// What a commit says.
    #[error("a message of {0} bytes: 1 to {most} are possible, without zero bytes", most = crate::Message::MOST)]
    Message(usize),
}

/// Bytes of a name.
const LONGEST: usize = 255;

/// A name that git takes for a ref, and for nothing else: no option, no range, no pattern, no `@{…}`.
fn is_plain(name: &str) -> bool {
    let character = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(character)
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.ends_with('.')
        && name.split('/').all(part)
}

fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchName(String);

impl BranchName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(name: &str) -> Result<Self, NameError> {
        // `HEAD` and `refs/…` mean something else wherever a branch can stand.
        let is_one = is_plain(name) && name != "HEAD" && !name.starts_with("refs/");
        if is_one { Ok(Self(name.to_owned())) } else { Err(NameError::Branch(shortened(name))) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What work is compared with: a branch here or of a remote, a tag, a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseName(String);

impl BaseName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if is_plain(name) { Ok(Self(name.to_owned())) } else { Err(NameError::Branch(shortened(name))) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ref of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRef(String);

impl CheckpointRef {
    /// Where all of them are.
    pub const BELOW: &'static str = "refs/helix/checkpoints/";

    /// Checks a full name.
    ///
    /// # Errors
    /// When it is none of a checkpoint.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let is_one = is_plain(name) && name.starts_with(Self::BELOW);
        if is_one { Ok(Self(name.to_owned())) } else { Err(NameError::Checkpoint(shortened(name))) }
    }

    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CheckpointRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path inside of a work tree, from its top, never into what git keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreePath(String);

impl TreePath {
    /// Bytes.
    const LONGEST: usize = 4096;

    /// Checks a path.
    ///
    /// # Errors
    /// When it leads out, is none, or is git's.
    pub fn new(path: &str) -> Result<Self, NameError> {
        let part = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
        let is_one = (1..=Self::LONGEST).contains(&path.len()) && !path.contains('\0') && path.split('/').all(part);
        if is_one { Ok(Self(path.to_owned())) } else { Err(NameError::Path(shortened(path))) }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its folders, and its last component.
    pub(crate) fn split(&self) -> (impl Iterator<Item = &str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folders, name)) => (folders.split('/'), name),
            // There is always a last one.
            None => {
                let mut none = self.0.split('/');
                none.next();
                (none, &self.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn branches_are_plain_names() {
        for good in ["main", "feature/a-b_c.1", "1", "a/b/c"] {
            assert!(BranchName::new(good).is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "",
            "-f",
            "--force",
            "a b",
            "a..b",
            "a~1",
            "a^",
            "a:b",
            "@",
            "a@{1}",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.",
            "a.lock",
            "a.lock/b",
            "HEAD",
            "refs/heads/a",
            "a\nb",
            "a\0b",
            "ä",
            "*",
            &long,
        ] {
            assert!(BranchName::new(bad).is_err(), "{bad:?}");
        }
        assert!(BaseName::new("HEAD").is_ok() && BaseName::new("origin/main").is_ok() && BaseName::new("-x").is_err());
    }

    #[test]
    fn checkpoints_are_below_their_place() {
        assert!(CheckpointRef::new("refs/helix/checkpoints/7/before").is_ok());
        for bad in ["refs/helix/checkpoints/", "refs/heads/main", "refs/helix/checkpoints/../../heads/main", "x"] {
            assert!(CheckpointRef::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_stay_inside_and_out_of_gits_own() {
        for good in ["a", "a/b c/ä", "-f", "a\nb", "..a", ".github/x", "a.git/b"] {
            assert!(TreePath::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", "/", "/etc/passwd", "..", "a/../../b", "a/./b", "a//b", "a/", ".git/config", "a/.GIT/x", "a\0"]
        {
            assert!(TreePath::new(bad).is_err(), "{bad:?}");
        }
        let path = TreePath::new("a/b/c").expect("a path");
        let (folders, name) = path.split();
        assert_eq!((folders.collect::<Vec<_>>(), name), (vec!["a", "b"], "c"));
        let path = TreePath::new("c").expect("a path");
        assert_eq!((path.split().0.count(), path.split().1), (0, "c"));
    }

    proptest! {
        #[test]
        fn no_name_is_an_option_or_leads_anywhere_else(text in "\\PC{0,40}") {
            if BaseName::new(&text).is_ok() {
                prop_assert!(!text.starts_with('-') && !text.contains("..") && !text.contains(['@', '~', '^', ':', ' ']));
            }
            if TreePath::new(&text).is_ok() {
                prop_assert!(text.split('/').all(|part| part != ".." && !part.is_empty()));
            }
        }
    }
}
