//! The files in which libudev finds devices.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use lunette_uevent::{DeviceKey, Entry};

use crate::UdevError;

/// A file being written; names with a dot are no device's.
const DRAFT: &str = ".draft";

/// A folder that is udev's database to whom it is shown as `/run/udev`. Everybody may read it.
///
/// Changes are seen by those who read it meanwhile as done or not done. One process writes at a time.
#[derive(Debug)]
pub struct Database {
    folder: PathBuf,
}

impl Database {
    /// Makes the folder, or takes over the one that is there.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn open(folder: &Path) -> Result<Self, UdevError> {
        let database = Self { folder: folder.to_owned() };
        for folder in [folder.to_owned(), database.data(), database.tags()] {
            make_folder(&folder)?;
        }
        // Without this file libudev takes udevd for absent, and listens to nobody.
        database.write(&folder.join("control"), "")?;
        Ok(database)
    }

    /// Writes a device's entry, in the place of an earlier one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn put(&self, entry: &Entry) -> Result<(), UdevError> {
        let name = entry.key().to_string();
        // First what the marks lead to.
        self.write(&self.data().join(&name), &entry.text())?;
        let marked = self.marks()?;
        for folder in marked.iter().filter(|folder| !entry.tags().any(|tag| folder.ends_with(tag))) {
            remove(&folder.join(&name))?;
        }
        entry.tags().try_for_each(|tag| {
            let folder = self.tags().join(tag);
            make_folder(&folder)?;
            self.write(&folder.join(&name), "")
        })
    }

    /// Removes a device's entry, if there is one.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove(&self, key: &DeviceKey) -> Result<(), UdevError> {
        let name = key.to_string();
        self.marks()?.iter().try_for_each(|folder| remove(&folder.join(&name)))?;
        remove(&self.data().join(&name))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn tags(&self) -> PathBuf {
        self.folder.join("tags")
    }

    /// Folders of all tags.
    fn marks(&self) -> Result<Vec<PathBuf>, UdevError> {
        let tags = self.tags();
        let list = || fs::read_dir(&tags)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>();
        list().map_err(UdevError::file("list", &tags))
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), UdevError> {
        let draft = self.folder.join(DRAFT);
        let write = || {
            fs::write(&draft, text)?;
            // Whatever the umask is.
            fs::set_permissions(&draft, Permissions::from_mode(0o644))?;
            fs::rename(&draft, path)
        };
        write().map_err(UdevError::file("write", path))
    }
}

fn make_folder(folder: &Path) -> Result<(), UdevError> {
    let make = || {
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o755))
    };
    make().map_err(UdevError::file("make the folder", folder))
}

fn remove(path: &Path) -> Result<(), UdevError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(UdevError::file("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunette_uevent::{DeviceNumber, InputKind};

    const CARD: DeviceNumber = DeviceNumber { major: 226, minor: 0 };

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
                let path = entry.path();
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_card_is_found_by_its_tags() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("udev")).unwrap();
        database.put(&Entry::card(CARD, 1)).unwrap();
        let expected = [
            "control",
            "data",
            "data/c226:0",
            "tags",
            "tags/mutter-device-preferred-primary",
            "tags/mutter-device-preferred-primary/c226:0",
            "tags/seat",
            "tags/seat/c226:0",
        ];
        assert_eq!(files(database.folder()), expected);
        let text = fs::read_to_string(database.folder().join("data/c226:0")).unwrap();
        assert_eq!(text, Entry::card(CARD, 1).text());
    }

    #[test]
    fn a_removed_device_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).unwrap();
        let empty = files(folder.path());
        let keyboard = Entry::input(InputKind::Keyboard, "input5", 1).tagged("power-switch");
        database.put(&keyboard).unwrap();
        database.remove(keyboard.key()).unwrap();
        database.remove(keyboard.key()).unwrap();
        assert_eq!(files(folder.path()), [&empty[..], &["tags/power-switch".to_owned()]].concat());
    }

    #[test]
    fn a_tag_that_a_device_lost_does_not_lead_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).unwrap();
        database.put(&Entry::card(CARD, 1)).unwrap();
        database.put(&Entry::new(DeviceKey::Node(CARD), 1).tagged("seat")).unwrap();
        let marks: Vec<String> = files(folder.path()).into_iter().filter(|file| file.ends_with(":0")).collect();
        assert_eq!(marks, ["data/c226:0", "tags/seat/c226:0"]);
    }

    #[test]
    fn everybody_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("udev")).unwrap();
        database.put(&Entry::card(CARD, 1)).unwrap();
        for file in files(database.folder()) {
            let mode = fs::metadata(database.folder().join(&file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o044, 0o044, "{file}");
        }
    }
}
