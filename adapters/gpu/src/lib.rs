//! What the machine that this runs on has for desktops, read from sysfs, `/dev` and NVIDIA's driver.

#![forbid(unsafe_code)]

mod cards;
mod nvidia;

use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use lunette_gpu::{Machine, Node};
use lunette_uevent::DeviceNumber;
use rustix::fs::{major, minor};

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// sysfs.
    pub sys: PathBuf,
    /// Device nodes.
    pub dev: PathBuf,
    /// procfs, for NVIDIA's driver.
    pub proc: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { sys: "/sys".into(), dev: "/dev".into(), proc: "/proc".into() }
    }
}

/// A place that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct GpuReadError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl GpuReadError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { path, source }
    }
}

/// What the machine has. `lease_socket` is where outputs are leased, if that is anywhere.
///
/// # Errors
/// When a folder is there and cannot be read. One that is not there has nothing in it.
pub fn read(roots: &Roots, lease_socket: Option<&Path>) -> Result<Machine, GpuReadError> {
    let mut cards = cards::read(&roots.sys)?;
    nvidia::complete(&roots.proc, &mut cards);
    let names = list(&roots.dev)?.into_iter().filter(|name| is_wanted(name));
    let nodes = names.filter_map(|name| Some(Node { number: number(&roots.dev.join(&name))?, name })).collect();
    Ok(Machine { cards, nodes, leases: lease_socket.is_some_and(Path::exists) })
}

/// Nodes besides those of cards.
fn is_wanted(name: &str) -> bool {
    name == "kfd" || name.starts_with("nvidia") || name.starts_with("neuron")
}

/// The number of a device node; some of these names are folders.
fn number(path: &Path) -> Option<DeviceNumber> {
    let found = fs::metadata(path).ok().filter(|found| found.file_type().is_char_device())?;
    Some(DeviceNumber { major: major(found.rdev()), minor: minor(found.rdev()) })
}

/// Names in a folder, in their order.
fn list(folder: &Path) -> Result<Vec<String>, GpuReadError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(GpuReadError::at(folder))?,
    };
    let name = |entry: io::Result<DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.map(name).collect::<io::Result<_>>().map_err(GpuReadError::at(folder))?;
    names.sort();
    Ok(names)
}
