//! `guest/recipe.toml` and the files that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::io_error;
use crate::{Error, Result};

/// Files of `guest/` by the name that the recipe uses.
const EMBEDDED: [(&str, &[u8]); 17] = [
    ("recipe.toml", include_bytes!("../../../guest/recipe.toml")),
    ("test/init", include_bytes!("../../../guest/test/init")),
    ("test/inittab", include_bytes!("../../../guest/test/inittab")),
    ("test/power", include_bytes!("../../../guest/test/power")),
    ("test/passwd", include_bytes!("../../../guest/test/passwd")),
    ("test/group", include_bytes!("../../../guest/test/group")),
    ("test/boot", include_bytes!("../../../guest/test/boot")),
    ("test/drm-manager", include_bytes!("../../../guest/test/drm-manager")),
    ("test/shells", include_bytes!("../../../guest/test/shells")),
    ("desktop/init", include_bytes!("../../../guest/desktop/init")),
    ("desktop/lunette-ready.service", include_bytes!("../../../guest/desktop/lunette-ready.service")),
    ("desktop/drm-manager.conf", include_bytes!("../../../guest/desktop/drm-manager.conf")),
    ("desktop/fstab", include_bytes!("../../../guest/desktop/fstab")),
    ("desktop/hostname", include_bytes!("../../../guest/desktop/hostname")),
    ("desktop/machine-id", include_bytes!("../../../guest/desktop/machine-id")),
    ("desktop/resolv.conf", include_bytes!("../../../guest/desktop/resolv.conf")),
    ("systemd/drm-manager.service", include_bytes!("../../../guest/systemd/drm-manager.service")),
];

/// What goes into the images, and where the files come from.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub(crate) document: Document,
    files: Files,
}

#[derive(Debug, Clone)]
enum Files {
    Embedded,
    Folder(PathBuf),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) epoch: u32,
    pub(crate) debian: DebianPart,
    pub(crate) kernel: BTreeMap<String, KernelPart>,
    pub(crate) arch: BTreeMap<String, ArchPart>,
    pub(crate) image: BTreeMap<String, ImagePart>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DebianPart {
    pub(crate) suites: Vec<String>,
    pub(crate) components: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KernelPart {
    pub(crate) suite: String,
    pub(crate) package: String,
    pub(crate) parts: Vec<String>,
    pub(crate) at_least: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArchPart {
    pub(crate) console: String,
    pub(crate) triplet: String,
    pub(crate) loader: String,
    pub(crate) modules: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImagePart {
    pub(crate) command_line: String,
    pub(crate) packages: Vec<String>,
    pub(crate) take: Vec<String>,
    pub(crate) modules: Vec<String>,
    pub(crate) folders: Vec<String>,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) file: Vec<FilePart>,
    pub(crate) disk: Option<DiskPart>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskPart {
    pub(crate) uuid: String,
    pub(crate) label: String,
    pub(crate) packages: Vec<String>,
    pub(crate) desktops: BTreeMap<String, Vec<String>>,
    pub(crate) modules: Vec<String>,
    pub(crate) leave_out: Vec<String>,
    pub(crate) folders: Vec<String>,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) file: Vec<FilePart>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilePart {
    pub(crate) path: String,
    pub(crate) source: String,
    pub(crate) mode: u16,
}

impl Recipe {
    /// The recipe that this program was built with.
    ///
    /// # Errors
    /// When it does not parse, which a test excludes.
    pub fn embedded() -> Result<Self> {
        Self::read(Files::Embedded)
    }

    /// `recipe.toml` in a folder, with its files beside it.
    ///
    /// # Errors
    /// When it cannot be read or does not parse.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        Self::read(Files::Folder(folder.to_owned()))
    }

    fn read(files: Files) -> Result<Self> {
        let text = files.read("recipe.toml")?;
        let text = String::from_utf8(text).map_err(|_| Error::Recipe("recipe.toml is not UTF-8".to_owned()))?;
        let document = toml::from_str(&text).map_err(|error| Error::Recipe(error.to_string().trim().to_owned()))?;
        Ok(Self { document, files })
    }

    /// The bytes of a file that the recipe names.
    pub(crate) fn file(&self, source: &str) -> Result<Vec<u8>> {
        self.files.read(source)
    }
}

impl Files {
    fn read(&self, source: &str) -> Result<Vec<u8>> {
        if !Path::new(source).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(Error::Recipe(format!("{source:?} is not a file beside the recipe")));
        }
        match self {
            Self::Folder(folder) => {
                let path = folder.join(source);
                fs::read(&path).map_err(io_error("read", &path))
            }
            Self::Embedded => EMBEDDED
                .iter()
                .find(|(name, _)| *name == source)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| Error::Recipe(format!("{source:?} is not among the files of this program"))),
        }
    }
}
