//! Where our programs are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A folder with our programs in it.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Those beside the program that runs.
    ///
    /// # Errors
    /// When the system does not say where that is.
    pub fn beside_this() -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program's folder")?;
        Ok(Self::in_folder(program.parent().unwrap_or(Path::new("."))))
    }

    /// Where the program of this name is.
    ///
    /// # Errors
    /// When it is not there.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
        bail!("{} is missing; `cargo build --workspace` makes it", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_what_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = Programs::in_folder(folder.path()).path("drm-manager").unwrap_err().to_string();
        assert!(error.contains("drm-manager") && error.contains("cargo build"), "{error}");
    }
}
