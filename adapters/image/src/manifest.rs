//! What an image is made of: `manifest.json` beside it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::io_error;
use crate::plan::hex;
use crate::{Error, Result, Subject};

pub(crate) const FILE: &str = "manifest.json";
const FORMAT: u32 = 1;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Which image.
    #[serde(flatten)]
    pub subject: Subject,
    /// What the machine's kernel is; a profile's root has none.
    #[serde(flatten)]
    pub kernel: Option<KernelFacts>,
    /// The packages that it was made from, by name.
    pub packages: Vec<PackageVersion>,
    /// Its files.
    pub outputs: Vec<Output>,
}

/// The kernel of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelFacts {
    /// Its version.
    #[serde(rename = "kernel_version")]
    pub version: String,
    /// What it is to be started with.
    pub command_line: String,
}

/// A package that an image was made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageVersion {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A file of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// `kernel`, `initrd` or `disk`.
    pub file: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    pub(crate) fn new(
        subject: Subject,
        kernel: Option<KernelFacts>,
        packages: Vec<PackageVersion>,
        outputs: Vec<Output>,
    ) -> Self {
        Self { format: FORMAT, subject, kernel, packages, outputs }
    }

    /// Reads the one in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|_| Error::Malformed { what: "not a manifest", path: path.clone() })?;
        if manifest.format == FORMAT {
            Ok(manifest)
        } else {
            Err(Error::Malformed { what: "a manifest of another format", path })
        }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest has string keys only");
        text.push(b'\n');
        fs::write(&path, text).map_err(io_error("write", &path))
    }

    /// Bytes on disk.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.outputs.iter().map(|output| output.size).sum()
    }
}

impl Output {
    /// That of a file that is there now.
    pub(crate) fn of(folder: &Path, file: &str) -> Result<Self> {
        let path = folder.join(file);
        let mut content = File::open(&path).map_err(io_error("open", &path))?;
        let (size, sha256) = digest(&mut content).map_err(io_error("read", &path))?;
        Ok(Self { file: file.to_owned(), size, sha256 })
    }
}

fn digest(content: &mut impl Read) -> io::Result<(u64, String)> {
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok((size, hex(&hasher.finalize()))),
            len => {
                hasher.update(&buffer[..len]);
                size += len as u64;
            }
        }
    }
}
