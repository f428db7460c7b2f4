//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The recipe is not what it has to be.
    #[error("the recipe of the guest images is wrong: {0}")]
    Recipe(String),
    /// A profile is not what it has to be.
    #[error("the profile in {place} is wrong: {why}")]
    Profile {
        /// Its file.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such profile.
    #[error("no profile {name:?}: there are {known}; one of your own is given by the path of its file")]
    NoProfile {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Programs that a build needs are not installed.
    #[error("a build needs {programs}: apt-get install {packages}")]
    ToolMissing {
        /// Their names.
        programs: String,
        /// The Debian packages that have them.
        packages: String,
    },
    /// The machine has no apt.
    #[error(
        "images are built from Debian packages and this machine has no apt: run `lunette image build` on Debian and \
         copy its folder (`lunette image path`) to the same place under {} here", images.display()
    )]
    NoApt {
        /// Where this machine keeps images.
        images: PathBuf,
    },
    /// The machine's apt configuration names no Debian archive.
    #[error(
        "no enabled apt source of this machine is a Debian archive: add one for any release of Debian to \
         /etc/apt/sources.list.d, or give its address with --mirror"
    )]
    NoMirror,
    /// A program that a build runs has failed.
    #[error("{program} failed ({status}): {said}")]
    Tool {
        /// Its name.
        program: String,
        /// How it ended.
        status: String,
        /// The last lines of what it wrote.
        said: String,
    },
    /// A program that a build runs took too long.
    #[error("{program} did not end within {} s; the build goes on from here when it is started again", limit.as_secs())]
    ToolSlow {
        /// Its name.
        program: String,
        /// How long it had.
        limit: Duration,
    },
    /// The archive has not what the recipe asks for.
    #[error("the Debian archive has no {0}: is the mirror complete and up to date?")]
    NoPackage(String),
    /// The archive's kernel is too old.
    #[error("the archive's kernel is {found}, and the recipe asks for {wanted} or newer")]
    OldKernel {
        /// What it has.
        found: String,
        /// What the recipe asks for.
        wanted: String,
    },
    /// The kernel has no such module.
    #[error("kernel {kernel} has no module {module}, neither built in nor beside it")]
    NoModule {
        /// The kernel's version.
        kernel: String,
        /// The module's name.
        module: String,
    },
    /// Something in a package or an archive is not as it should be.
    #[error("{what} in {}", path.display())]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// Another build has not ended.
    #[error("another build holds {} and did not end within {} s", lock.display(), limit.as_secs())]
    Locked {
        /// The lock.
        lock: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
    /// The packages of another architecture cannot be set up here.
    #[error(
        "setting up {arch} packages on this machine needs a user-mode emulator: apt-get install qemu-user-static \
         binfmt-support"
    )]
    Foreign {
        /// The other architecture.
        arch: &'static str,
    },
    /// There is no such image in the cache.
    #[error("no image {0} in the cache: `lunette image list` shows what there is, `lunette image build` makes one")]
    NotCached(String),
    /// An overlay was given something that cannot be in an archive.
    #[error("an overlay cannot hold {}: {why}", path.display())]
    Overlay {
        /// The path in the guest.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// Neither XDG_CACHE_HOME nor HOME says where the cache is.
    #[error("nowhere to keep images: neither XDG_CACHE_HOME nor HOME is set to an absolute path")]
    NoCacheFolder,
    /// Images are for amd64 and arm64.
    #[error("no image is made for the architecture {0}: amd64 and arm64 only")]
    UnknownArch(String),
}

/// Adds to an IO error what was attempted and with what.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { doing, path, source }
}
