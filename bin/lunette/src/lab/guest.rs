//! The inside of a lab's machine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lunette_vm::{Finished, Label, Shell, Vm};
use serde_json::Value;

use super::poll;

/// drm-manager's socket.
pub(super) const SOCKET: &str = "/run/helix-drm/drm.sock";

/// How long an ordinary command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Shells of root.
#[derive(Debug)]
pub struct Guest {
    // A shell runs one command at a time.
    shells: Vec<Mutex<Shell>>,
    next: AtomicUsize,
    pub(super) flippers: AtomicUsize,
}

/// The name of the port behind which a shell is.
pub(super) fn port(number: u8) -> Result<Label> {
    Ok(format!("lunette.shell.{number}").parse()?)
}

impl Guest {
    pub(super) fn open(vm: &Vm, shells: u8) -> Result<Self> {
        let shells = (0..shells).map(|number| Ok(Mutex::new(vm.shell(number)?))).collect::<Result<_>>()?;
        Ok(Self { shells, next: AtomicUsize::new(0), flippers: AtomicUsize::new(0) })
    }

    /// Closes the shells: a port serves one connection.
    pub(super) fn close(&mut self) {
        self.shells.clear();
    }

    /// Runs a shell command; its output and its exit code, whatever that is.
    ///
    /// # Errors
    /// When it does not end within `limit`.
    pub fn try_run(&self, command: &str, limit: Duration) -> Result<Finished> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.shells.len();
        let mut shell = self.shells[number].lock().unwrap_or_else(PoisonError::into_inner);
        Ok(shell.run(command, limit)?)
    }

    /// Runs a shell command that succeeds; its output.
    ///
    /// # Errors
    /// When it fails, or does not end within a minute.
    pub fn run(&self, command: &str) -> Result<String> {
        self.run_within(command, COMMAND_LIMIT)
    }

    /// As [`Guest::run`], with another limit.
    ///
    /// # Errors
    /// When it fails, or does not end within `limit`.
    pub fn run_within(&self, command: &str, limit: Duration) -> Result<String> {
        let Finished { status, output } = self.try_run(command, limit)?;
        ensure!(status == 0, "`{command}` ended with {status} in the guest: {output}");
        Ok(output)
    }

    /// What drm-manager says about itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn manager_status(&self) -> Result<Value> {
        let text = self.run(&format!("drm-manager --status --socket {SOCKET}"))?;
        serde_json::from_str(&text).with_context(|| format!("drm-manager --status prints no JSON: {text}"))
    }

    /// Waits until leases can be had, and those of an earlier host are gone: a host that is begun
    /// has its outputs unplugged one after the other.
    pub(super) fn wait_for_manager(&self, limit: Duration) -> Result<()> {
        let ask = format!("drm-manager --status --socket {SOCKET}");
        let mut last = String::new();
        let connected = poll("drm-manager's connection to frame-export", limit, || {
            let Finished { status, output } = self.try_run(&ask, COMMAND_LIMIT)?;
            last = output;
            let said: Value = serde_json::from_str(&last).unwrap_or_default();
            Ok((status == 0 && is_at_rest(&said)).then_some(()))
        });
        connected.with_context(|| format!("drm-manager says: {last}"))
    }
}

/// Whether drm-manager has its host, and no output that is still on its way to the pool.
fn is_at_rest(status: &Value) -> bool {
    let outputs = status["outputs"].as_array();
    let on_its_way = |output: &Value| matches!(output["state"].as_str(), Some("draining" | "settling"));
    status["host"]["connected"] == Value::Bool(true) && outputs.is_some_and(|outputs| !outputs.iter().any(on_its_way))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(states: [&str; 2]) -> Value {
        let outputs: Vec<_> = states.map(|state| json!({ "state": state })).into();
        json!({ "host": { "connected": true }, "outputs": outputs })
    }

    #[test]
    fn a_manager_is_at_rest_when_no_output_is_on_its_way_to_the_pool() {
        assert!(is_at_rest(&status(["free", "leased"])));
        assert!(is_at_rest(&status(["free", "quarantined"])));
        assert!(!is_at_rest(&status(["free", "draining"])));
        assert!(!is_at_rest(&status(["settling", "free"])));
    }

    #[test]
    fn a_manager_without_its_host_is_not_at_rest() {
        let mut alone = status(["free", "free"]);
        alone["host"]["connected"] = false.into();
        assert!(!is_at_rest(&alone));
        assert!(!is_at_rest(&Value::Null), "one that does not answer");
    }
}
