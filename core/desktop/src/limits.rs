//! What a desktop may use.

use serde::{Deserialize, Serialize};

/// Least memory that any compositor starts in.
const LEAST_MEMORY_MIB: u32 = 64;

/// Upper bounds; what is left out has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory and what it writes to its root, in MiB. A desktop that needs more loses a process, and says so.
    pub memory_mib: u32,
    /// What it may write to its root, in MiB; part of its memory.
    pub disk_mib: u32,
    /// Processors; fractions are fine.
    pub cpus: f64,
    /// Processes and threads.
    pub pids: u32,
    /// Open files of one process.
    pub open_files: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 2048, disk_mib: 1024, cpus: 2.0, pids: 1024, open_files: 65_536 }
    }
}

/// A bound that nothing could run in.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{limit} = {value} is {problem}")]
pub struct LimitsError {
    /// Which bound.
    pub limit: &'static str,
    /// As given.
    pub value: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Limits {
    /// Refuses bounds that nothing could run in.
    ///
    /// # Errors
    /// Naming the first such bound.
    pub fn check(&self) -> Result<(), LimitsError> {
        let error =
            |limit, value: &dyn ToString, problem| Err(LimitsError { limit, value: value.to_string(), problem });
        if self.memory_mib < LEAST_MEMORY_MIB {
            return error("memory_mib", &self.memory_mib, "less than the 64 that a compositor needs");
        }
        if self.disk_mib == 0 {
            return error("disk_mib", &self.disk_mib, "nothing: no program starts without a place to write");
        }
        if !(0.05..=1024.0).contains(&self.cpus) {
            return error("cpus", &self.cpus, "not between 0.05 and 1024");
        }
        if self.pids < 16 {
            return error("pids", &self.pids, "less than the 16 that a session needs");
        }
        if !(256..=1_048_576).contains(&self.open_files) {
            return error("open_files", &self.open_files, "not between 256 and 1048576");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_and_each_bound_is_checked() {
        assert_eq!(Limits::default().check(), Ok(()));
        let spoil: [fn(&mut Limits); 6] = [
            |limits| limits.memory_mib = 63,
            |limits| limits.disk_mib = 0,
            |limits| limits.cpus = f64::NAN,
            |limits| limits.cpus = 0.0,
            |limits| limits.pids = 1,
            |limits| limits.open_files = 3,
        ];
        for spoil in spoil {
            let mut limits = Limits::default();
            spoil(&mut limits);
            assert!(limits.check().is_err(), "{limits:?}");
        }
    }
}
