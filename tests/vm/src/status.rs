//! What drm-manager says about itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// drm-manager's status, as its JSON has it.
#[derive(Debug, Clone)]
pub struct Status(Value);

impl Status {
    /// Asks the manager behind this socket.
    ///
    /// # Errors
    /// When nobody answers, or not in JSON.
    pub fn ask(socket: &Path) -> anyhow::Result<Self> {
        let asked = Command::new("drm-manager").arg("--status").arg("--socket").arg(socket).output();
        let output = asked.context("cannot start drm-manager --status")?;
        ensure!(output.status.success(), "drm-manager --status: {}", String::from_utf8_lossy(&output.stderr));
        Self::parse(&output.stdout)
    }

    /// Reads what `drm-manager --status` printed.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn parse(text: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(serde_json::from_slice(text).context("drm-manager --status prints no JSON")?))
    }

    /// Outputs in a state, such as `free`.
    #[must_use]
    pub fn outputs_in(&self, state: &str) -> usize {
        let outputs = self.0["outputs"].as_array().map(Vec::as_slice).unwrap_or_default();
        outputs.iter().filter(|output| output["state"] == state).count()
    }

    /// A counter; 0 where there is none of that name.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        self.0["counters"][name].as_u64().unwrap_or(0)
    }
}
