//! Programs that do one thing and end.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Error;

/// None of them takes longer than a second on an idle machine; an emulated one is ten times slower.
const LIMIT: Duration = Duration::from_secs(30);
/// How much of a complaint is passed on.
const LONGEST_COMPLAINT: usize = 2000;

/// A program and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

pub(crate) const RUNC: Tool = Tool { program: "runc", package: "runc" };
pub(crate) const IP: Tool = Tool { program: "ip", package: "iproute2" };
pub(crate) const NFT: Tool = Tool { program: "nft", package: "nftables" };

impl Tool {
    /// The program, to be given arguments.
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(self.program);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs it to its end with `input` on its standard input; returns what it printed.
    pub(crate) async fn run(self, step: &'static str, args: &[&str], input: &str) -> Result<String, Error> {
        let mut command = self.command();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.not_started(step, error))?;
        let stdin = child.stdin.take();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program that ends early says why by itself.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        let both = async { tokio::join!(feed, child.wait_with_output()).1 };
        let output = timeout(LIMIT, both).await.map_err(|_| Error::Late { what: self.program, limit: LIMIT })?;
        self.judge(step, &output.map_err(Error::process(step))?)
    }

    /// What a finished run says.
    pub(crate) fn judge(self, step: &'static str, output: &Output) -> Result<String, Error> {
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(self.refused(step, &String::from_utf8_lossy(&output.stderr)))
    }

    pub(crate) fn refused(self, step: &'static str, complaint: &str) -> Error {
        let message = complaint.trim().chars().take(LONGEST_COMPLAINT).collect();
        Error::Program { program: self.program, step, message }
    }

    pub(crate) fn not_started(self, step: &'static str, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::NotFound {
            return Error::NoProgram { program: self.program, package: self.package };
        }
        Error::process(step)(error)
    }
}
