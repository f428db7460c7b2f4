//! `--dial`: a control plane that cannot connect to this machine is connected to from here, and asks over that.
//!
//! Whoever it lets ask reaches what is served here, as far as the program that serves it allows.

use std::path::{Path, PathBuf};

use lunette_dial::RunnerId;
use lunette_fleet::HostName;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::RunnerClient;
use crate::error::RelayError;
use crate::server::ServerUrl;
use crate::target::Target;
use crate::trust::Trust;

/// More than a file with a token has.
const LONGEST: usize = 4096;

/// What of a host is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its hydra.
    Hydra,
    /// Its frame-export.
    Export,
}

impl Part {
    /// The name that this part of a host has among runners.
    ///
    /// # Panics
    /// Never: a host's name has nothing that a runner's has not.
    #[must_use]
    pub fn of(self, host: &HostName) -> RunnerId {
        let prefix = match self {
            Self::Hydra => RunnerId::HOST,
            Self::Export => RunnerId::EXPORT,
        };
        format!("{prefix}{host}").parse().expect("63 of a-z, 0-9 and - behind a prefix are a runner's name")
    }
}

/// Whether a token may travel where others can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InClear {
    /// Within this machine only.
    Refused,
    /// Everywhere: nobody else is on the way.
    Allowed,
}

/// Where to dial in, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    server: ServerUrl,
    host: HostName,
    token_file: PathBuf,
    trust: Trust,
}

/// Dialled in until it is ended, or dropped.
pub struct Dialling {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Dial {
    /// To this control plane, as this host, with the token of this file. Its certificate is verified by those of
    /// `certificates`, or by those that this machine trusts.
    ///
    /// # Errors
    /// When the token would travel in clear where it must not.
    pub fn new(
        server: ServerUrl,
        host: HostName,
        token_file: PathBuf,
        certificates: Option<PathBuf>,
        in_clear: InClear,
    ) -> Result<Self, RelayError> {
        if in_clear == InClear::Refused && !server.keeps_secrets() {
            return Err(RelayError::InClear(server.to_string()));
        }
        let trust = certificates.map_or(Trust::System, Trust::File);
        Ok(Self { server, host, token_file, trust })
    }

    /// The host's name.
    #[must_use]
    pub fn host(&self) -> &HostName {
        &self.host
    }

    /// Begins to dial in, for what is served at `target`. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub fn start(&self, part: Part, target: Target) -> Result<Dialling, RelayError> {
        let token = token(&self.token_file)?;
        let client = RunnerClient::new(self.server.clone(), part.of(&self.host), &token, target, &self.trust)?;
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(client.run(async move { drop(ended.await) }));
        Ok(Dialling { end, task })
    }
}

impl Dialling {
    /// Ends it, with every connection that came by it.
    pub async fn end(self) {
        drop(self.end);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "dialling in ended badly");
        }
    }
}

fn token(file: &Path) -> Result<String, RelayError> {
    let text =
        std::fs::read_to_string(file).map_err(|source| RelayError::TokenFile { path: file.to_owned(), source })?;
    let token = text.trim();
    let holds_one = (1..LONGEST).contains(&token.len());
    holds_one.then(|| token.to_owned()).ok_or_else(|| RelayError::NoToken(file.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(server: &str, in_clear: InClear) -> Result<Dial, RelayError> {
        Dial::new(server.parse().unwrap(), "far".parse().unwrap(), "/t".into(), None, in_clear)
    }

    #[test]
    fn a_token_travels_in_clear_within_this_machine_only_unless_one_says_so() {
        for private in ["https://plane.example", "http://127.0.0.1:8600", "http://[::1]:8600", "http://localhost/below"]
        {
            assert!(dial(private, InClear::Refused).is_ok(), "{private}");
        }
        for open in ["http://plane.example", "ws://10.0.2.2:8600", "http://localhost.example", "http://[fe80::1]:1"] {
            let refused = dial(open, InClear::Refused).unwrap_err();
            assert!(refused.to_string().contains("--dial-in-clear"), "{refused}");
            assert!(dial(open, InClear::Allowed).is_ok(), "{open}");
        }
    }

    #[test]
    fn each_part_of_a_host_is_a_runner_of_its_own() {
        let longest: HostName = "h".repeat(63).parse().unwrap();
        assert_eq!(Part::Hydra.of(&"far".parse().unwrap()).as_str(), "hydra-far");
        assert_eq!(Part::Export.of(&longest).as_str(), format!("export-{longest}"));
    }
}
