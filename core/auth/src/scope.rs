//! What somebody may do, and as whom.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::grants::Denied;

/// How much a token opens; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The stream, screenshots, how things are.
    View,
    /// Input, clipboard, files, windows, the size.
    Control,
    /// Programs and MCP; its bearer takes part as an agent.
    Agent,
}

impl Scope {
    const ALL: [Self; 3] = [Self::View, Self::Control, Self::Agent];

    /// Its word in token files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Control => "control",
            Self::Agent => "agent",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scope| scope.word() == word).ok_or(())
    }
}

/// Who a token says its bearer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    name: Option<Arc<str>>,
    /// `None` for every scope.
    scope: Option<Scope>,
}

impl Identity {
    pub(crate) fn new(scope: Option<Scope>, name: Option<&str>) -> Self {
        Self { name: name.map(Arc::from), scope }
    }

    /// May the same, and is somebody else: as who let them in says.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(Arc::from(name)), ..self }
    }

    /// The name that came with the token.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether it has this scope, or a wider one.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scope.is_none_or(|own| own >= scope)
    }

    /// Whether its bearer is an agent wherever it comes in. Who has every scope is one only where only agents come in.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.scope == Some(Scope::Agent)
    }

    /// Insists on a scope.
    ///
    /// # Errors
    /// [`Denied::Scope`] when it has only a narrower one.
    pub fn needs(&self, scope: Scope) -> Result<(), Denied> {
        match self.scope {
            Some(has) if has < scope => Err(Denied::Scope { needs: scope, has }),
            _ => Ok(()),
        }
    }
}
