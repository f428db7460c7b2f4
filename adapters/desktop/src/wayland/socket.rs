//! Where the compositor listens.

use std::env;
use std::path::{Path, PathBuf};

use crate::SessionError;

/// The compositor's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display(PathBuf);

impl Display {
    /// The socket at this path.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The one that `WAYLAND_DISPLAY` and `XDG_RUNTIME_DIR` name.
    ///
    /// # Errors
    /// When they name none.
    pub fn from_environment() -> Result<Self, SessionError> {
        let missing = |name: &str| SessionError::unavailable("the compositor", format!("{name} is not set"));
        let name = env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty());
        let name = PathBuf::from(name.ok_or_else(|| missing("WAYLAND_DISPLAY"))?);
        if name.is_absolute() {
            return Ok(Self(name));
        }
        let folder = env::var_os("XDG_RUNTIME_DIR").ok_or_else(|| missing("XDG_RUNTIME_DIR"))?;
        Ok(Self(Path::new(&folder).join(name)))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}
