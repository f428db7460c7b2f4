//! The name of a desktop, safe in paths, host names, cgroups and interface names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Host names end here.
const LONGEST: usize = 63;

/// 1 to 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DesktopId(String);

/// A text that is no desktop's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no id of a desktop: 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")]
pub struct DesktopIdError(pub String);

impl DesktopId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DesktopId {
    type Err = DesktopIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(|byte| plain(*byte)) && bytes.last().is_some_and(|byte| plain(*byte));
        let allowed = bytes.len() <= LONGEST && bytes.iter().all(|byte| plain(*byte) || *byte == b'-');
        if ends && allowed { Ok(Self(text.to_owned())) } else { Err(DesktopIdError(text.chars().take(80).collect())) }
    }
}

impl TryFrom<String> for DesktopId {
    type Error = DesktopIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DesktopId> for String {
    fn from(id: DesktopId) -> Self {
        id.0
    }
}

impl fmt::Display for DesktopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_its_folder_is_no_id() {
        for text in ["", "..", "a/b", "-a", "a-", "A", "a b", "a\0", "ä", &"a".repeat(64)] {
            assert!(text.parse::<DesktopId>().is_err(), "{text:?}");
        }
        for text in ["a", "7", "ses-01", &"a".repeat(63)] {
            assert!(text.parse::<DesktopId>().is_ok(), "{text:?}");
        }
    }
}
