//! `guest/recipe.toml` and the files that it names.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::Files;
use crate::{Error, Result};

/// What goes into the images, and where the files come from.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub(crate) document: Document,
    files: Files,
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
    /// The name of a file beside the recipe.
    pub(crate) source: Option<String>,
    /// The text itself.
    pub(crate) content: Option<String>,
    #[serde(default = "readable")]
    pub(crate) mode: u16,
    /// User and group.
    #[serde(default)]
    pub(crate) owner: u32,
}

fn readable() -> u16 {
    0o644
}

impl Recipe {
    /// The recipe that this program was built with.
    ///
    /// # Errors
    /// When it does not parse, which a test excludes.
    pub fn embedded() -> Result<Self> {
        Self::read(Files::Embedded(""))
    }

    /// `recipe.toml` in a folder, with its files beside it.
    ///
    /// # Errors
    /// When it cannot be read or does not parse.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        Self::read(Files::Folder(folder.to_owned()))
    }

    fn read(files: Files) -> Result<Self> {
        let text = files.read_text("recipe.toml")?;
        let document = toml::from_str(&text).map_err(|error| Error::Recipe(error.to_string().trim().to_owned()))?;
        Ok(Self { document, files })
    }

    /// The files that the recipe names.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The files that profiles name.
    pub(crate) fn profiles(&self) -> Files {
        match &self.files {
            Files::Embedded(_) => Files::Embedded("profiles/"),
            Files::Folder(folder) => Files::Folder(folder.join("profiles")),
        }
    }
}
