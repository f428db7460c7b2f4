//! What a desktop is made of: the part of a profile that counts at run time.
//!
//! The same file says, under `[root]`, what the image is built from; that part is the image builder's and is not read
//! here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DesktopId, Limits, LimitsError};

/// One desktop profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What it is called; ids and names of profiles obey the same rule.
    pub name: DesktopId,
    /// One line for people.
    pub summary: String,
    /// What is started.
    pub compositor: Compositor,
    /// How its size changes.
    #[serde(default)]
    pub resize: Resize,
    /// Bounds unless the order says otherwise.
    #[serde(default)]
    pub limits: Limits,
    /// Variables of every process in it.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Seconds from start to first picture before it counts as failed.
    #[serde(default = "default_start_limit")]
    pub start_limit_s: u32,
}

/// What draws the desktop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compositor {
    /// What it needs of us.
    pub kind: CompositorKind,
    /// Program and arguments; its end is the end of the desktop.
    pub command: Vec<String>,
}

/// What a compositor needs in order to run on a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompositorKind {
    /// A seat socket and no device node at all.
    Weston,
    /// A seat socket, and a card node that can be opened.
    Wlroots,
    /// logind on a system bus, and nodes that can be looked at, not opened.
    Mutter,
    /// Nothing: it runs without a screen.
    Headless,
}

/// How a running compositor takes another size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum Resize {
    /// It follows the connector by itself.
    #[default]
    Itself,
    /// A command inside; `{connector}`, `{width}` and `{height}` are filled in.
    Command {
        /// Program and arguments.
        command: Vec<String>,
    },
    /// It has to start again; its programs end.
    Restart,
}

/// A profile that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or not a profile.
    #[error("not a profile: {0}")]
    Syntax(String),
    /// Nothing to start.
    #[error("profile {0} names no program as its compositor")]
    NoCommand(DesktopId),
    /// Bounds that nothing could run in.
    #[error("profile {profile}")]
    Limits {
        /// Which profile.
        profile: DesktopId,
        /// Which bound.
        source: LimitsError,
    },
    /// A variable's name that no shell could set.
    #[error("profile {profile} sets {name:?}, which is no name of a variable")]
    Variable {
        /// Which profile.
        profile: DesktopId,
        /// As given.
        name: String,
    },
}

impl Profile {
    /// Reads one profile file.
    ///
    /// # Errors
    /// When it is no profile, or one that could not run.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text).map_err(|error| ProfileError::Syntax(error.to_string()))?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        let profile = || self.name.clone();
        if self.compositor.command.first().is_none_or(String::is_empty) {
            return Err(ProfileError::NoCommand(profile()));
        }
        self.limits.check().map_err(|source| ProfileError::Limits { profile: profile(), source })?;
        match self.environment.keys().find(|name| !is_variable(name)) {
            Some(name) => Err(ProfileError::Variable { profile: profile(), name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// Whether a shell could set a variable of this name.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn default_start_limit() -> u32 {
    120
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "name = 'x'\nsummary = ''\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n";

    #[test]
    fn the_least_profile_has_defaults() {
        let profile = Profile::parse(LEAST).unwrap();
        assert_eq!((profile.resize, profile.limits), (Resize::Itself, Limits::default()));
    }

    #[test]
    fn the_part_of_the_image_is_not_read() {
        assert!(Profile::parse(&format!("{LEAST}[root]\npackages = ['weston']\n")).is_ok());
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| Profile::parse(text).unwrap_err().to_string();
        assert!(error(&LEAST.replace("['weston']", "[]")).contains("names no program"));
        assert!(error(&LEAST.replace("'weston'\n", "'westen'\n")).contains("westen"));
        assert!(error(&format!("{LEAST}[environment]\n'A=B' = 'c'\n")).contains("A=B"));
        assert!(error(&format!("{LEAST}[limits]\npids = 1\n")).contains("profile x"));
    }
}
