//! Sway's own socket, which speaks i3's protocol.
//!
//! | bytes | |
//! |---|---|
//! | 0..6 | `i3-ipc` |
//! | 6..10 | length of what follows byte 14, in the machine's order |
//! | 10..14 | kind: 0 runs a command, 1 asks for the workspaces; the answer has the same |
//! | 14.. | the command; JSON in answers |

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::Workspace;
use crate::SessionError;

const SWAY: &str = "sway";
const MAGIC: &[u8; 6] = b"i3-ipc";
const ANSWER: Duration = Duration::from_secs(2);
const LONGEST_ANSWER: u32 = 1 << 20;
const LONGEST_NAME: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Command = 0,
    Workspaces = 1,
}

/// The socket, connected to anew for each question.
#[derive(Debug, Clone)]
pub(super) struct SwayIpc {
    path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    success: bool,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    visible: bool,
    focused: bool,
    output: String,
}

impl SwayIpc {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn workspaces(&self) -> Result<Vec<Workspace>, SessionError> {
        let rows: Vec<Row> = self.ask(Kind::Workspaces, "").await?;
        let workspace = |Row { name, visible, focused, output }| Workspace { name, visible, focused, output };
        Ok(rows.into_iter().map(workspace).collect())
    }

    pub(super) async fn switch(&self, name: &str) -> Result<(), SessionError> {
        check_name(name)?;
        self.run(&format!("workspace --no-auto-back-and-forth \"{name}\"")).await
    }

    pub(super) async fn move_focused(&self, name: &str) -> Result<(), SessionError> {
        check_name(name)?;
        self.run(&format!("move --no-auto-back-and-forth container to workspace \"{name}\"")).await
    }

    async fn run(&self, command: &str) -> Result<(), SessionError> {
        let outcomes: Vec<Outcome> = self.ask(Kind::Command, command).await?;
        match outcomes.into_iter().find(|outcome| !outcome.success) {
            Some(outcome) => Err(SessionError::refused(SWAY, outcome.error.unwrap_or_else(|| command.to_owned()))),
            None => Ok(()),
        }
    }

    async fn ask<T: for<'de> Deserialize<'de>>(&self, kind: Kind, text: &str) -> Result<T, SessionError> {
        let late = |_| SessionError::Late { what: SWAY, limit: ANSWER };
        let answer = timeout(ANSWER, self.exchange(kind, text)).await.map_err(late)??;
        serde_json::from_slice(&answer).map_err(|error| SessionError::refused(SWAY, error.to_string()))
    }

    async fn exchange(&self, kind: Kind, text: &str) -> Result<Vec<u8>, SessionError> {
        let failed = |error: std::io::Error| SessionError::Connect {
            what: SWAY,
            path: self.path.clone(),
            reason: error.to_string(),
        };
        let mut stream = UnixStream::connect(&self.path).await.map_err(failed)?;
        let length =
            u32::try_from(text.len()).map_err(|_| SessionError::TooLarge { what: SWAY, limit: LONGEST_NAME })?;
        let mut message = MAGIC.to_vec();
        message.extend(length.to_ne_bytes());
        message.extend((kind as u32).to_ne_bytes());
        message.extend(text.as_bytes());
        stream.write_all(&message).await.map_err(failed)?;
        let mut header = [0; 14];
        stream.read_exact(&mut header).await.map_err(failed)?;
        let length = u32::from_ne_bytes([header[6], header[7], header[8], header[9]]);
        if !header.starts_with(MAGIC) || length > LONGEST_ANSWER {
            return Err(SessionError::refused(SWAY, "what listens there does not speak i3's protocol"));
        }
        let mut answer = vec![0; length as usize];
        stream.read_exact(&mut answer).await.map_err(failed)?;
        Ok(answer)
    }
}

/// A name goes into a command, so nothing that means something there may be in it.
pub(super) fn check_name(name: &str) -> Result<(), SessionError> {
    let is_harmless = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '+');
    let is_word = !matches!(name, "next" | "prev" | "current" | "back_and_forth" | "number");
    if (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_harmless) && name.trim() == name && is_word {
        return Ok(());
    }
    Err(SessionError::refused(SWAY, format!("{name:?} cannot be a workspace's name")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_a_command() {
        for name in ["1", "web", "2: Büro", "a_b-c.d"] {
            check_name(name).unwrap();
        }
        let long = "x".repeat(65);
        for name in ["", "a\"; exec x; \"", "a;b", "a,b", "a\nb", "$x", "[app_id=x]", "a\\", " a", "next", &long] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
