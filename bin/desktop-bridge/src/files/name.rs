//! Names of files.

use std::fmt;

/// A name that a file in the folder may have: one component, visible, printable, no longer than file systems take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

/// What is no name of a file here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing.
    #[error("the name is empty")]
    Empty,
    /// It leads somewhere else.
    #[error("{0:?} is no plain name: it has a slash or a backslash")]
    Path(String),
    /// It hides, or is the folder or the one above it.
    #[error("{0:?} starts with a dot")]
    Hidden(String),
    /// It has something that no name should have.
    #[error("{0:?} has a character that cannot be shown")]
    Control(String),
    /// Too long.
    #[error("a name of {0} bytes: at most {max} are possible", max = FileName::MOST)]
    Long(usize),
}

impl FileName {
    /// Bytes. File systems take 255; a number in parentheses must fit too.
    pub const MOST: usize = 200;

    /// The name as it is.
    ///
    /// # Errors
    /// When it is not one.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let told = || name.chars().take(64).collect::<String>();
        if name.is_empty() {
            Err(NameError::Empty)
        } else if name.len() > Self::MOST {
            Err(NameError::Long(name.len()))
        } else if name.contains(['/', '\\']) {
            Err(NameError::Path(told()))
        } else if name.starts_with('.') {
            Err(NameError::Hidden(told()))
        } else if name.chars().any(is_unseen) {
            Err(NameError::Control(told()))
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// What is left of a name that a stranger's computer gave: the last component, without leading dots and what cannot
    /// be shown, cut to what file systems take.
    ///
    /// # Errors
    /// When nothing is left.
    pub fn sanitised(name: &str) -> Result<Self, NameError> {
        let last = name.rsplit(['/', '\\']).next().unwrap_or("");
        let shown: String = last.chars().filter(|char| !is_unseen(*char)).collect();
        let plain = shown.trim().trim_start_matches('.').trim_start();
        Self::new(&shortened(plain))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same with a number, before the extension.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        match self.0.rsplit_once('.') {
            Some((stem, extension)) => Self(format!("{stem} ({number}).{extension}")),
            None => Self(format!("{} ({number})", self.0)),
        }
    }
}

/// Cut in the middle: the extension says what a file is.
fn shortened(name: &str) -> String {
    if name.len() <= FileName::MOST {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = if extension.len() > 16 { "" } else { extension };
    let mut end = FileName::MOST - extension.len() - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let stem = &name[..end];
    if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }
}

/// Control characters, and those that turn text around to show another name.
fn is_unseen(char: char) -> bool {
    char.is_control() || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_visible_component() {
        assert!(FileName::new("Bericht 1.2 (neu).pdf").is_ok() && FileName::new("日本語").is_ok());
        for bad in ["", ".", "..", ".bashrc", "a/b", "/etc/passwd", "..\\x", "a\0b", "a\nb", "a\u{202e}gpj.exe"] {
            assert!(FileName::new(bad).is_err(), "{bad:?}");
        }
        assert!(FileName::new(&"ä".repeat(101)).is_err());
    }

    #[test]
    fn strangers_names_are_made_plain() {
        for (given, plain) in [
            ("photo.jpg", "photo.jpg"),
            ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("...hidden", "hidden"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("two\r\nlines", "twolines"),
        ] {
            let name = FileName::sanitised(given);
            assert_eq!(name.expect(given).as_str(), plain);
        }
        for nothing in ["", "..", ". .x", "a/", "\u{1}\u{2}", "  "] {
            assert!(FileName::sanitised(nothing).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let name = FileName::sanitised(&format!("{}.tar.gz", "é".repeat(300))).expect("a name");
        assert!(name.as_str().len() <= FileName::MOST && name.as_str().ends_with("é.gz"));
        assert!(FileName::sanitised(&format!("a.{}", "b".repeat(300))).is_ok());
    }

    #[test]
    fn numbers_stand_before_the_extension() {
        let name = |name: &str| FileName::new(name).expect("a name").numbered(2).to_string();
        assert_eq!(name("a.txt"), "a (2).txt");
        assert_eq!(name("a.tar.gz"), "a.tar (2).gz");
        assert_eq!(name("README"), "README (2)");
    }
}
