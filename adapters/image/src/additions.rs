//! What is put into a tree besides packages.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::files::Files;
use crate::plan::hex;
use crate::recipe::FilePart;
use crate::{Error, Result};

/// What is put into a tree besides packages.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Additions {
    pub(crate) folders: Vec<String>,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) files: Vec<AddedFile>,
}

/// A file on its way into an image.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AddedFile {
    pub(crate) path: String,
    pub(crate) mode: u16,
    #[serde(skip_serializing_if = "is_root")]
    pub(crate) owner: u32,
    #[serde(serialize_with = "digest_only")]
    pub(crate) content: Vec<u8>,
}

impl Additions {
    /// What a part of a recipe adds; its files come from `from`.
    pub(crate) fn collect(
        folders: &[String],
        links: &BTreeMap<String, String>,
        files: &[FilePart],
        from: &Files,
    ) -> Result<Self> {
        let paths = folders.iter().chain(links.keys()).chain(files.iter().map(|file| &file.path));
        if let Some(path) = paths.into_iter().find(|path| !is_plain(path)) {
            return Err(Error::Recipe(format!("{path:?} is not an absolute path without . and ..")));
        }
        let files = files.iter().map(|file| added(file, from)).collect::<Result<_>>()?;
        Ok(Self { folders: folders.to_vec(), links: links.clone(), files })
    }

    /// Adds what another part adds; of two files with one path the later one counts.
    pub(crate) fn extend(&mut self, later: Self) {
        self.folders.extend(later.folders);
        self.links.extend(later.links);
        self.files.retain(|file| later.files.iter().all(|other| other.path != file.path));
        self.files.extend(later.files);
    }
}

fn added(file: &FilePart, from: &Files) -> Result<AddedFile> {
    let content = match (&file.source, &file.content) {
        (Some(source), None) => from.read(source)?,
        (None, Some(content)) => content.clone().into_bytes(),
        _ => return Err(Error::Recipe(format!("the file {} has not exactly one of source and content", file.path))),
    };
    Ok(AddedFile { path: file.path.clone(), mode: file.mode & 0o7777, owner: file.owner, content })
}

fn is_plain(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_root(owner: &u32) -> bool {
    *owner == 0
}

fn digest_only<S: serde::Serializer>(content: &[u8], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(&Sha256::digest(content)))
}
