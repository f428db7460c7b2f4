//! Where images, fetched packages and apt's lists are kept.
//!
//! ```text
//!   images/build.lock          held by who builds
//!   images/<key>/              kernel, initrd, disk, manifest.json; of a profile's root only the last two
//!   images/<key>.partial/      a build that goes on, or was interrupted
//!   packages/<arch>/*.deb
//!   apt/<arch>/                apt's own folders
//! ```

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::apt::Ground;
use crate::error::io_error;
use crate::image;
use crate::manifest::Manifest;
use crate::progress::{Phase, Progress, Watch};
use crate::recipe::DebianPart;
use crate::{Arch, Error, Result};

/// How often a lock that another holds is tried.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// The user's cache.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// An image in the cache, not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The name of its folder.
    pub key: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it is made of.
    pub manifest: Manifest,
}

/// Held while one builds; given back when it is dropped or its process ends.
pub(crate) struct Lock {
    _file: File,
}

impl Cache {
    /// `$XDG_CACHE_HOME/lunette`, or `~/.cache/lunette`.
    ///
    /// # Errors
    /// When neither variable is set to an absolute path.
    pub fn for_user() -> Result<Self> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
        Ok(Self { root: folder.ok_or(Error::NoCacheFolder)?.join("lunette") })
    }

    /// One in a folder of its own.
    #[must_use]
    pub fn in_folder(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where the images are.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// The images that are there, by key.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Stored>> {
        let images = self.images();
        if !images.is_dir() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&images).map_err(io_error("list", &images))?;
        let stored = entries.flatten().map(|entry| entry.path()).filter_map(|folder| {
            let key = folder.file_name()?.to_str()?.to_owned();
            let manifest = (!key.contains('.')).then(|| Manifest::read(&folder).ok())??;
            Some(Stored { key, folder, manifest })
        });
        let mut stored: Vec<Stored> = stored.collect();
        stored.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(stored)
    }

    /// Removes an image.
    ///
    /// # Errors
    /// When there is none of this key or it cannot be removed.
    pub fn remove(&self, key: &str) -> Result<()> {
        let stored = self.list()?.into_iter().find(|stored| stored.key == key);
        let folder = stored.ok_or_else(|| Error::NotCached(key.to_owned()))?.folder;
        // Renamed first: whoever looks meanwhile finds all of it or nothing.
        let aside = folder.with_extension("removed");
        image::remove(&aside)?;
        fs::rename(&folder, &aside).map_err(io_error("remove", &folder))?;
        image::remove(&aside)
    }

    /// Removes fetched packages and apt's lists; images stay.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn remove_packages(&self) -> Result<()> {
        image::remove(&self.root.join("packages"))?;
        image::remove(&self.root.join("apt"))
    }

    /// Removes what interrupted builds and removals have left; the caller holds the lock.
    pub(crate) fn sweep(&self) -> Result<()> {
        let images = self.images();
        let entries = fs::read_dir(&images).map_err(io_error("list", &images))?;
        let left = entries.flatten().map(|entry| entry.path()).filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            path.is_dir() && matches!(extension, Some("partial" | "removed"))
        });
        left.into_iter().try_for_each(|path| image::remove(&path))
    }

    pub(crate) fn folder(&self, key: &str) -> PathBuf {
        self.images().join(key)
    }

    /// What a key stands for: there and checked, not there, or there and damaged.
    pub(crate) fn open<T>(&self, key: &str, open: impl FnOnce(&Path) -> Result<T>) -> Option<Result<T>> {
        let folder = self.folder(key);
        folder.is_dir().then(|| open(&folder))
    }

    pub(crate) fn ground(&self, arch: Arch, debian: &DebianPart) -> Ground {
        Ground {
            arch,
            debian: debian.clone(),
            state: self.root.join("apt").join(arch.as_str()),
            packages: self.root.join("packages").join(arch.as_str()),
            images: self.images(),
        }
    }

    /// Waits until nobody else builds.
    pub(crate) fn lock(&self, limit: Duration, watch: Watch<'_>) -> Result<Lock> {
        let path = self.images().join("build.lock");
        let file = open_lock(&self.images(), &path)?;
        let deadline = Instant::now() + limit;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                    watch(Progress { phase: Phase::Wait, percent: 0 });
                    thread::sleep(LOCK_PAUSE.min(limit));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(Error::Locked { lock: path, limit }),
                Err(error) => return Err(io_error("lock", &path)(error.into())),
            }
        }
    }
}

fn open_lock(folder: &Path, path: &Path) -> Result<File> {
    fs::create_dir_all(folder).map_err(io_error("make", folder))?;
    let options = OpenOptions::new().create(true).write(true).truncate(false).open(path);
    options.map_err(io_error("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_builds_at_a_time_and_the_other_hears_that_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::in_folder(folder.path());
        let held = cache.lock(Duration::ZERO, &mut |_| {}).unwrap();
        let mut heard = Vec::new();
        let error = cache.lock(Duration::from_millis(20), &mut |p| heard.push(p.phase)).err().unwrap();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        assert!(heard.iter().all(|phase| *phase == Phase::Wait) && !heard.is_empty());
        drop(held);
        assert!(cache.lock(Duration::ZERO, &mut |_| {}).is_ok());
    }

    #[test]
    fn an_empty_cache_has_no_images_and_none_to_remove() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::in_folder(folder.path().join("none"));
        assert_eq!(cache.list().unwrap(), []);
        assert!(matches!(cache.remove("../x").unwrap_err(), Error::NotCached(_)));
    }
}
