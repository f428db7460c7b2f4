//! Taking away everything of a container.
//!
//! Each step passes over what is not there, so a sweep that was cut off is finished by the next.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_desktop::{DesktopId, Places};
use lunette_sys_mount::unmount_below;

use crate::cgroup::Cgroup;
use crate::container::blocking;
use crate::note::Note;
use crate::{Error, docker, network, runc};

/// A process that dies holds its mounts until the kernel has taken it apart.
const UNMOUNT_LIMIT: Duration = Duration::from_secs(5);

/// What a sweep found and took away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Running processes, which were killed.
    pub processes: bool,
    /// A container, known to its backend.
    pub container: bool,
    /// A network link.
    pub link: bool,
    /// Mounts.
    pub mounts: Vec<PathBuf>,
    /// Files and folders, by their names in the desktop's folder.
    pub files: Vec<String>,
}

impl Swept {
    /// Whether there was nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (found, what) in [(self.processes, "processes"), (self.container, "a container"), (self.link, "a link")] {
            parts.extend(found.then(|| what.to_owned()));
        }
        for (count, what) in [(self.mounts.len(), "mounts"), (self.files.len(), "files")] {
            parts.extend((count > 0).then(|| format!("{count} {what}")));
        }
        if parts.is_empty() { f.write_str("nothing") } else { f.write_str(&parts.join(", ")) }
    }
}

/// Ends and removes whatever there is of desktop `id` below hydra's folder, except its order, its report, its tokens and its logs.
/// May be repeated. Whoever calls it has made sure that no launcher of that desktop lives.
///
/// # Errors
/// Naming the first thing that could not be removed.
pub async fn sweep(hydra: &Path, id: &DesktopId) -> Result<Swept, Error> {
    let mut swept = sweep_container(hydra, id).await?;
    swept.files.extend(remove_files(&Places::new(hydra, id), Scope::Everything)?);
    Ok(swept)
}

/// What of a desktop's folder goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// What the container was made of.
    Container,
    /// All but what tells of the desktop.
    Everything,
}

/// As [`sweep`], but what a launcher has for the next container stays: seat, bus, bridge, session, input.
pub(crate) async fn sweep_container(hydra: &Path, id: &DesktopId) -> Result<Swept, Error> {
    let places = Places::new(hydra, id);
    let note = Note::read(&places);
    let mut swept = Swept::default();
    let cgroup = Cgroup::of(id);
    swept.processes = cgroup.kill().await?;
    swept.container = runc::delete(hydra, id).await?;
    cgroup.remove()?;
    if let Some(note) = &note {
        if let Some(socket) = &note.docker {
            swept.container |= docker::remove(socket, id).await?;
        }
        swept.link = network::disconnect(id, note.slot).await?;
    }
    let folder = places.folder().to_owned();
    // Folders of the machine may be mounted below: nothing is removed until all of them are known to be gone.
    swept.mounts = blocking(move || Ok(unmount_below(&folder, UNMOUNT_LIMIT)?)).await?;
    swept.files = remove_files(&places, Scope::Container)?;
    Ok(swept)
}

fn remove_files(places: &Places, scope: Scope) -> Result<Vec<String>, Error> {
    let mut kept = vec![places.order(), places.report(), places.log(), places.launcher_log()];
    // Whoever watches it goes on when it is started again.
    kept.extend([places.bridge_log(), places.tokens()]);
    if scope == Scope::Container {
        kept.extend([places.seat(), places.bus(), places.session(), places.udev(), places.nodes()]);
        kept.extend([places.control(), places.input(), places.bridge()]);
    }
    // The note goes last: without it a link would not be looked for.
    let bundle = places.bundle();
    let mut paths = Vec::new();
    let entries = match fs::read_dir(places.folder()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::file("list", places.folder()))?,
    };
    for entry in entries {
        let path = entry.map_err(Error::file("list", places.folder()))?.path();
        // An old log is named after the new one.
        let is_kept = kept.iter().any(|kept| path == *kept || path.with_extension("") == *kept);
        if !is_kept && path != bundle {
            paths.push(path);
        }
    }
    paths.extend(bundle.exists().then_some(bundle));
    paths.iter().map(|path| remove(path)).collect()
}

fn remove(path: &Path) -> Result<String, Error> {
    let step = "remove";
    let is_folder = fs::symlink_metadata(path).map_err(Error::file(step, path))?.is_dir();
    if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(Error::file(step, path))?;
    Ok(path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}
