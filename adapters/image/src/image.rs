//! An image that is ready.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::manifest::{Manifest, Output};
use crate::{Error, Overlay, Result, Subject};

pub(crate) const KERNEL: &str = "kernel";
pub(crate) const INITRD: &str = "initrd";
pub(crate) const DISK: &str = "disk";

/// An image that is ready: what a virtual machine boots.
///
/// The files belong to the cache and are shared by every machine that boots them: open them read-only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where the files are.
    pub folder: PathBuf,
    /// The kernel.
    pub kernel: PathBuf,
    /// The initramfs.
    pub initrd: PathBuf,
    /// The root, for the first virtio disk; read-only.
    pub disk: Option<PathBuf>,
    /// What the kernel is to be started with.
    pub cmdline: String,
    /// What it is made of.
    pub manifest: Manifest,
}

impl Image {
    /// Opens the one in a folder, after checking every byte of it.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let manifest = checked(folder)?;
        let kernel = manifest.kernel.as_ref().ok_or_else(|| incomplete(folder))?;
        Ok(Self {
            folder: folder.to_owned(),
            kernel: output(folder, &manifest, KERNEL)?,
            initrd: output(folder, &manifest, INITRD)?,
            disk: output(folder, &manifest, DISK).ok(),
            cmdline: kernel.command_line.clone(),
            manifest,
        })
    }

    /// Writes the initrd of one boot: the image's own with an overlay behind it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn initrd_with(&self, overlay: &Overlay, to: &Path) -> Result<()> {
        let append = || -> io::Result<()> {
            let mut from = File::open(&self.initrd)?;
            let mut file = File::create(to)?;
            io::copy(&mut from, &mut file)?;
            file.write_all(&overlay.archive())
        };
        append().map_err(io_error("write", to))
    }
}

/// The root of a profile that is ready: for a read-only virtio disk of its own.
///
/// The file belongs to the cache and is shared by every machine that has it: open it read-only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where the file is.
    pub folder: PathBuf,
    /// The file system.
    pub disk: PathBuf,
    /// The name of its profile.
    pub profile: String,
    /// What it is made of.
    pub manifest: Manifest,
}

impl Root {
    /// Opens the one in a folder, after checking every byte of it.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let manifest = checked(folder)?;
        let Subject::Root(target) = &manifest.subject else { return Err(incomplete(folder)) };
        let (profile, disk) = (target.profile.clone(), output(folder, &manifest, DISK)?);
        Ok(Self { folder: folder.to_owned(), disk, profile, manifest })
    }

    /// What a guest finds the disk by.
    #[must_use]
    pub fn serial(&self) -> String {
        format!("lunette-{}", self.profile)
    }
}

fn checked(folder: &Path) -> Result<Manifest> {
    let manifest = Manifest::read(folder)?;
    for output in &manifest.outputs {
        if Output::of(folder, &output.file)? != *output {
            return Err(Error::Malformed { what: "other bytes than were built", path: folder.join(&output.file) });
        }
    }
    Ok(manifest)
}

fn output(folder: &Path, manifest: &Manifest, name: &str) -> Result<PathBuf> {
    let listed = manifest.outputs.iter().any(|output| output.file == name);
    listed.then(|| folder.join(name)).ok_or_else(|| incomplete(folder))
}

fn incomplete(folder: &Path) -> Error {
    Error::Malformed { what: "an incomplete manifest", path: folder.to_owned() }
}

/// Makes sure that a file or folder is on disk.
pub(crate) fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_error("sync", path))
}

/// Removes a folder with all in it, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", folder)(error)),
        _ => Ok(()),
    }
}
