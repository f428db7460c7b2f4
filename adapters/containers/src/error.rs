//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_sys_mount::MountError;

/// Why a container could not be made, used or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that is not installed.
    #[error("there is no program {program}: install the package {package}")]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// Where it comes from.
        package: &'static str,
    },
    /// A program that said no.
    #[error("{program} cannot {step}: {message}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it was to do.
        step: &'static str,
        /// What it printed.
        message: String,
    },
    /// A step that took too long.
    #[error("{what} did not end within {limit:?}")]
    Late {
        /// What was waited for.
        what: &'static str,
        /// How long.
        limit: Duration,
    },
    /// A file.
    #[error("cannot {step} {}", path.display())]
    File {
        /// What was attempted.
        step: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A mount.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A process.
    #[error("cannot {step}")]
    Process {
        /// What was attempted.
        step: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The daemon does not answer, or not in its protocol.
    #[error("no answer from the Docker daemon at {}: {cause}", socket.display())]
    Daemon {
        /// Where it should listen.
        socket: PathBuf,
        /// What happened.
        cause: String,
    },
    /// The daemon said no.
    #[error("Docker cannot {step}: {message} (status {status})")]
    Docker {
        /// What it was to do.
        step: &'static str,
        /// Of its answer.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The backend cannot use such a root.
    #[error("{backend} needs {needs} as the root of a desktop")]
    Root {
        /// Which backend.
        backend: &'static str,
        /// What it can use.
        needs: &'static str,
    },
    /// There is no container of this desktop.
    #[error("desktop {0} has no container")]
    Absent(String),
    /// The numbers of a container come from cgroup v2, which this machine does not have.
    #[error("no cgroup {}: this takes a machine with cgroup v2", .0.display())]
    NoCgroup(PathBuf),
}

impl Error {
    /// For `map_err` at one step with a file.
    pub(crate) fn file<E: Into<io::Error>>(step: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::File { step, path: path.to_owned(), source: source.into() }
    }

    /// For `map_err` at one step with a process.
    pub(crate) fn process<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Process { step, source: source.into() }
    }
}
