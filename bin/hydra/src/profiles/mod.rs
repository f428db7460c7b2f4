//! The profiles that desktops can be made of, and where their files are.
//!
//! ```text
//!   FOLDER/NAME/usr/share/lunette/profile.toml   a root in a folder
//!   FOLDER/NAME.toml with `image = "…"`          a container daemon's image
//!   disk with the serial lunette-NAME            a root in an EROFS image, mounted at DIR/roots/NAME
//! ```

pub(crate) mod disks;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lunette_desktop::{BackendKind, DesktopId, Limits, Profile, RootSource};

use crate::config::Config;

/// Where a root has its profile.
const IN_ROOT: &str = "usr/share/lunette/profile.toml";
/// More than any profile has.
const LONGEST: u64 = 256 * 1024;

/// One profile that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) profile: Profile,
    pub(crate) root: RootSource,
}

impl Found {
    /// Who can run it.
    pub(crate) fn runs_on(&self, backend: BackendKind) -> bool {
        matches!(
            (&self.root, backend),
            (RootSource::Folder(_), BackendKind::Runc) | (RootSource::Image(_), BackendKind::Docker)
        )
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Profiles {
    folders: Vec<PathBuf>,
    disks: Option<PathBuf>,
    roots: PathBuf,
    /// One look at a time: two would mount one disk twice.
    found: Mutex<BTreeMap<(DesktopId, &'static str), Found>>,
}

impl Profiles {
    pub(crate) fn new(config: &Config) -> Self {
        let roots = config.dir.join("roots");
        Self { folders: config.profiles.clone(), disks: config.disks.clone(), roots, found: Mutex::default() }
    }

    /// Looks again, and tells what is there. It waits for disks: not for a thread that others wait for.
    pub(crate) fn look(&self) -> Vec<Found> {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        found.clear();
        let mut roots: Vec<PathBuf> = self.folders.iter().flat_map(|folder| children(folder)).collect();
        if let Some(disks) = &self.disks {
            roots.extend(disks::mount_all(disks, &self.roots));
        }
        for path in roots {
            match read(&path) {
                Ok(Some(one)) => {
                    let kind = if one.runs_on(BackendKind::Runc) { "runc" } else { "docker" };
                    found.entry((one.profile.name.clone(), kind)).or_insert(one);
                }
                Ok(None) => {}
                Err(cause) => tracing::warn!(path = %path.display(), cause, "no profile"),
            }
        }
        found.values().cloned().collect()
    }

    /// The profile of this name for this backend, found already or by another look.
    pub(crate) fn get(&self, name: &DesktopId, backend: BackendKind) -> Option<Found> {
        let fits = |found: &Found| found.profile.name == *name && found.runs_on(backend);
        let known = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let hit = known.values().find(|found| fits(found)).cloned();
        drop(known);
        hit.or_else(|| self.look().into_iter().find(fits))
    }

    /// The usual bounds of those that were found so far and run on this backend.
    pub(crate) fn known(&self, backend: BackendKind) -> BTreeMap<DesktopId, Limits> {
        let known = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let fitting = known.values().filter(|found| found.runs_on(backend));
        fitting.map(|found| (found.profile.name.clone(), found.profile.limits.clone())).collect()
    }

    /// Unmounts what was mounted, where nobody uses it.
    pub(crate) fn unmount(&self) {
        if self.disks.is_some() {
            disks::unmount_all(&self.roots);
        }
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "cannot look for profiles");
            return Vec::new();
        }
    };
    let mut children: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    children.sort();
    children
}

/// A root, or a file that names an image; `None` when it is neither.
fn read(path: &Path) -> Result<Option<Found>, String> {
    if path.is_dir() {
        let file = path.join(IN_ROOT);
        let profile = Profile::parse(&text(&file)?).map_err(|error| lunette_cause::chain(&error))?;
        return Ok(Some(Found { profile, root: RootSource::Folder(path.to_owned()) }));
    }
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Ok(None);
    }
    let text = text(path)?;
    let table: BTreeMap<String, toml::Value> = toml::from_str(&text).map_err(|error| error.to_string())?;
    let Some(image) = table.get("image").and_then(toml::Value::as_str) else { return Ok(None) };
    let profile = Profile::parse(&text).map_err(|error| lunette_cause::chain(&error))?;
    Ok(Some(Found { profile, root: RootSource::Image(image.to_owned()) }))
}

fn text(path: &Path) -> Result<String, String> {
    let cannot = |error: io::Error| format!("cannot read {}: {error}", path.display());
    let len = fs::metadata(path).map_err(cannot)?.len();
    if len > LONGEST {
        return Err(format!("{} has {len} bytes, more than a profile", path.display()));
    }
    fs::read_to_string(path).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "name = 'a'\nsummary = ''\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n";

    fn profiles(folder: &Path) -> Profiles {
        Profiles { folders: vec![folder.to_owned()], disks: None, roots: folder.join("roots"), found: Mutex::default() }
    }

    #[test]
    fn roots_and_images_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("some/usr/share/lunette");
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("profile.toml"), PROFILE).unwrap();
        fs::write(folder.path().join("b.toml"), format!("image = 'b:1'\n{}", PROFILE.replace("'a'", "'b'"))).unwrap();
        fs::write(folder.path().join("plain.toml"), PROFILE).unwrap();
        fs::write(folder.path().join("broken.toml"), "image = 'x'\nname = 1").unwrap();
        let profiles = profiles(folder.path());
        assert_eq!(profiles.look().len(), 2);
        let get = |name: &str, backend| profiles.get(&name.parse().unwrap(), backend).map(|found| found.root);
        assert_eq!(get("a", BackendKind::Runc), Some(RootSource::Folder(folder.path().join("some"))));
        assert_eq!(get("a", BackendKind::Docker), None);
        assert_eq!(get("b", BackendKind::Docker), Some(RootSource::Image("b:1".to_owned())));
    }

    #[test]
    fn a_profile_that_comes_later_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = profiles(folder.path());
        assert!(profiles.get(&"b".parse().unwrap(), BackendKind::Docker).is_none());
        fs::write(folder.path().join("b.toml"), format!("image = 'b'\n{}", PROFILE.replace("'a'", "'b'"))).unwrap();
        assert!(profiles.get(&"b".parse().unwrap(), BackendKind::Docker).is_some());
    }
}
