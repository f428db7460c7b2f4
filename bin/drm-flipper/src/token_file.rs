//! A lease's token for programs that watch its output.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use lunette_wire::Token;

/// A file with the token's digits, which only its owner may read; gone when this is dropped.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// Writes the token, in the place of an older file.
    ///
    /// # Errors
    /// When the directory is missing or not writable.
    pub fn create(path: &Path, token: &Token) -> io::Result<Self> {
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(".new");
        let fresh = path.with_file_name(name);
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(token.to_hex().as_bytes())?;
        // A reader sees the whole token or none.
        fs::rename(&fresh, path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_lives_as_long_as_the_lease_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        fs::write(&path, "old").unwrap();
        let token = Token::new([0xab; Token::LEN]);
        let file = TokenFile::create(&path, &token).unwrap();
        assert_eq!(Token::from_file(&fs::read(&path).unwrap()), Ok(token));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(file);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
