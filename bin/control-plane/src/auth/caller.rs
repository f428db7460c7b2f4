//! Somebody who was let in.

use std::collections::BTreeSet;

use super::{Scope, Scopes};

/// Somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    /// What tells bearers of different tokens apart.
    pub(crate) key: String,
    pub(crate) scopes: Scopes,
    /// Which desktops that is about; `None` is all of them.
    pub(crate) desktops: Option<BTreeSet<String>>,
    pub(crate) through: Through,
}

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// By a token that the request shows.
    Bearer,
    /// By a cookie, which a browser sends by itself.
    Cookie([u8; 32]),
}

impl Caller {
    /// Whether this desktop is theirs to see.
    pub(crate) fn sees(&self, desktop: &str) -> bool {
        self.scopes.has(Scope::View) && self.desktops.as_ref().is_none_or(|desktops| desktops.contains(desktop))
    }

    /// Whether all desktops are.
    pub(crate) const fn is_unbounded(&self) -> bool {
        self.desktops.is_none()
    }
}
