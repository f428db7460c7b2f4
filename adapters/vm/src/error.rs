//! Why a machine could not be had.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use lunette_qmp::QmpError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// There is no QEMU.
    #[error("there is no {program}; {advice}")]
    NoQemu {
        /// The program looked for.
        program: String,
        /// How to get it.
        advice: String,
    },
    /// There is one, and it is too old.
    #[error("{} is QEMU {found}, 10.0 or newer is needed; {advice}", program.display())]
    OldQemu {
        /// The program.
        program: PathBuf,
        /// Its version.
        found: String,
        /// How to get a newer one.
        advice: String,
    },
    /// It lacks `-display dbus`.
    #[error("{} has no display of type dbus; {advice}", program.display())]
    NoDisplayBus {
        /// The program.
        program: PathBuf,
        /// How to get it.
        advice: String,
    },
    /// A program could not be asked.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program was asked and said nothing useful.
    #[error("{} {asked} does not answer as QEMU does: {answer:?}", program.display())]
    Answer {
        /// The program.
        program: PathBuf,
        /// What it was asked.
        asked: &'static str,
        /// The beginning of its answer.
        answer: String,
    },
    /// A setting is not possible.
    #[error("{what} cannot be {given:?}: {why}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// Its value.
        given: String,
        /// Why not.
        why: &'static str,
    },
    /// A file could not be made, read or removed.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has a machine of this name.
    #[error("the machine in {} is running already, started by {owner}", path.display())]
    Busy {
        /// Its run directory.
        path: PathBuf,
        /// Who it belongs to.
        owner: String,
    },
    /// No random numbers.
    #[error("the system has no random numbers")]
    Random(#[source] getrandom::Error),
    /// The guard could not be started, or broke off.
    #[error("the machine's guard failed: {0}")]
    Guard(String),
    /// QEMU ended, and was not asked to.
    #[error("QEMU ended ({status}): {log}")]
    Died {
        /// How it ended.
        status: String,
        /// The last lines it wrote.
        log: String,
    },
    /// QEMU's control socket failed.
    #[error("the machine does not obey")]
    Qmp(#[from] QmpError),
    /// Something did not happen in time.
    #[error("{what} did not happen within {limit:?}; the console ends with: {log}")]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        limit: Duration,
        /// The last lines of the console.
        log: String,
    },
    /// A command in the guest could not be run to its end.
    #[error("cannot run {command:?} in the guest")]
    Shell {
        /// The command.
        command: String,
        /// What the system said.
        source: io::Error,
    },
}

impl VmError {
    /// Makes a [`VmError::File`] of an I/O error.
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
