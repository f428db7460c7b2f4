//! `--dial`: a control plane that cannot connect to this machine is connected to from here, and asks over that.
//!
//! Whoever it lets ask reaches the API, as over the socket: it is as much trusted as root of this machine is.

use std::path::{Path, PathBuf};

use anyhow::Context;
use lunette_relay::{RunnerClient, RunnerId, ServerUrl, Target, Trust};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// More than a file with a token has.
const LONGEST: usize = 4096;

/// Where to dial in, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// The control plane.
    pub server: ServerUrl,
    /// This host's name there.
    pub name: String,
    /// A file with a token of the control plane's that may be a host.
    pub token_file: PathBuf,
    /// PEM certificates that the control plane's is verified by; `None` for those that this machine trusts.
    pub certificates: Option<PathBuf>,
}

/// Dialled in until it is ended, or dropped.
pub(crate) struct Dialling {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Dial {
    /// Begins to dial in, for what is served at `socket`.
    ///
    /// # Errors
    /// When the name is none, or a file cannot be used.
    pub(crate) fn start(&self, socket: &Path) -> anyhow::Result<Dialling> {
        let runner: RunnerId = format!("{}{}", RunnerId::HOST, self.name)
            .parse()
            .with_context(|| format!("{} names no host", self.name))?;
        let trust = self.certificates.clone().map_or(Trust::System, Trust::File);
        let target = Target::Unix(std::path::absolute(socket)?);
        let client = RunnerClient::new(self.server.clone(), runner, &token(&self.token_file)?, target, &trust)?;
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(client.run(async move { drop(ended.await) }));
        Ok(Dialling { end, task })
    }
}

impl Dialling {
    /// Ends it, with every connection that came by it.
    pub(crate) async fn end(self) {
        drop(self.end);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "dialling in ended badly");
        }
    }
}

fn token(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let token = text.trim();
    anyhow::ensure!((1..LONGEST).contains(&token.len()), "{} holds no token", file.display());
    Ok(token.to_owned())
}
