//! Who may use the scanouts, as the flags say it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lunette_session::Access;
use lunette_wire::{Token, TokenError};

/// Who may use the scanouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessConfig {
    /// Whoever can connect.
    Open,
    /// The bearer of this file's secret, and the bearers of what it grants.
    Strict(PathBuf),
}

/// Why a file's secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read.
    #[error("cannot read the secret {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe or a device.
    #[error("the secret {} is not a file", .0.display())]
    NoFile(PathBuf),
    /// Others could show it.
    #[error("the secret {path} can be read or written by every user: make another, or type `chmod o= {path}`", path = .0.display())]
    Exposed(PathBuf),
    /// It holds something else.
    #[error("{} holds no secret", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: TokenError,
    },
}

impl AccessConfig {
    /// The rule to go by.
    ///
    /// # Errors
    /// When there is no secret where one should be, or every user of this machine may have it.
    pub fn open(&self) -> Result<Access, SecretError> {
        match self {
            Self::Open => Ok(Access::open()),
            Self::Strict(path) => secret(path).map(Access::strict),
        }
    }

    /// The secret as its file has it now; `None` where there is none to have.
    ///
    /// # Errors
    /// As [`AccessConfig::open`].
    pub fn secret(&self) -> Result<Option<Token>, SecretError> {
        match self {
            Self::Open => Ok(None),
            Self::Strict(path) => secret(path).map(Some),
        }
    }
}

fn secret(path: &Path) -> Result<Token, SecretError> {
    let unreadable = |source| SecretError::Read { path: path.to_owned(), source };
    // Before it is opened: opening a pipe waits for its other end.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(SecretError::NoFile(path.to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.permissions().mode() & 0o007 != 0 {
        return Err(SecretError::Exposed(path.to_owned()));
    }
    let mut content = Vec::new();
    // More than the longest line that is a secret: the rest of a large file does not matter.
    file.take(2 * Token::DIGITS as u64).read_to_end(&mut content).map_err(unreadable)?;
    Token::from_file(&content).map_err(|source| SecretError::Content { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::Write;

    use lunette_frame::ScanoutId;
    use lunette_session::Wish;

    use super::*;

    fn file(content: &str, mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    fn open(path: &Path) -> Result<Access, SecretError> {
        AccessConfig::Strict(path.to_owned()).open()
    }

    #[test]
    fn the_secret_of_a_file_opens_everything() {
        let file = file(&format!("{}\n", "5a".repeat(32)), 0o640);
        let access = open(file.path()).unwrap();
        let wish = Wish::Disable(ScanoutId::new(0));
        assert!(access.judge(wish, Some(&Token::new([0x5a; 32]))).is_ok());
        assert!(access.judge(wish, None).is_err());
    }

    #[test]
    fn a_secret_that_everybody_may_read_is_refused_with_the_remedy() {
        for mode in [0o604, 0o602, 0o644] {
            let file = file(&"5a".repeat(32), mode);
            let error = open(file.path()).unwrap_err();
            assert!(matches!(error, SecretError::Exposed(_)), "{mode:o}");
            assert!(error.to_string().contains(&format!("chmod o= {}", file.path().display())), "{error}");
        }
    }

    #[test]
    fn what_is_no_secret_is_named() {
        let short = open(file("5a", 0o600).path()).unwrap_err();
        assert!(matches!(short, SecretError::Content { source: TokenError::Length(2), .. }));
        let long = open(file(&"5a".repeat(5000), 0o600).path()).unwrap_err();
        assert!(matches!(long, SecretError::Content { source: TokenError::Length(128), .. }));
        assert!(matches!(open(Path::new("/dev")).unwrap_err(), SecretError::NoFile(_)));
        assert!(matches!(open(Path::new("/dev/zero")).unwrap_err(), SecretError::NoFile(_)));
        assert!(matches!(open(Path::new("/no/such/file")).unwrap_err(), SecretError::Read { .. }));
    }
}
