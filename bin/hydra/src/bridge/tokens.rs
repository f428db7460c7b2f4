//! Who may do what by a desktop's bridge: one token for each scope.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// Bytes that nobody guesses.
const RANDOM: usize = 32;
/// More than the file has.
const LONGEST: u64 = 4096;

/// What opens a desktop's bridge.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tokens {
    /// To see.
    pub(crate) view: String,
    /// To see and use.
    pub(crate) control: String,
    /// To see, use, and run programs.
    pub(crate) agent: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// New ones.
    pub(crate) fn random() -> io::Result<Self> {
        let token = || {
            let mut bytes = [0; RANDOM];
            getrandom::fill(&mut bytes).map_err(io::Error::other)?;
            Ok::<_, io::Error>(URL_SAFE_NO_PAD.encode(bytes))
        };
        Ok(Self { view: token()?, control: token()?, agent: token()? })
    }

    /// Those of a file; `None` when it is not there, or no such file.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut text = String::new();
        fs::File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
        let of = |scope: &str| {
            let mut lines = text.lines().map(|line| line.split(' '));
            lines.find_map(|mut words| (words.next() == Some(scope)).then(|| words.next().map(str::to_owned)).flatten())
        };
        Some(Self { view: of("view")?, control: of("control")?, agent: of("agent")? })
    }

    /// As a bridge reads them: a scope and a token on each line. Nobody sees half of it.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("tokens.new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        write!(file, "view {}\ncontrol {}\nagent {}\n", self.view, self.control, self.agent)?;
        fs::rename(fresh, path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bridge.tokens");
        assert_eq!(Tokens::read(&path), None);
        let tokens = Tokens::random().unwrap();
        tokens.write(&path).unwrap();
        assert_eq!(Tokens::read(&path), Some(tokens.clone()));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(tokens.control.len(), 43);
        assert_ne!(tokens.control, tokens.agent);
        assert!(!format!("{tokens:?}").contains(&tokens.view));
    }
}
