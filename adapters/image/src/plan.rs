//! The recipe of one image, for one architecture and kernel, with everything filled in.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::additions::Additions;
use crate::recipe::{ArchPart, DebianPart, DiskPart, ImagePart, KernelPart};
use crate::{Error, Recipe, Result, Target};

/// Counts up whenever the same plan gives other bytes.
const BUILDER: u32 = 1;

/// Everything that decides what an image is, short of the versions of its packages.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plan {
    builder: u32,
    pub(crate) target: Target,
    pub(crate) epoch: u32,
    pub(crate) debian: DebianPart,
    pub(crate) kernel: KernelPart,
    pub(crate) command_line: String,
    pub(crate) packages: Vec<String>,
    pub(crate) take: Vec<String>,
    pub(crate) modules: Vec<String>,
    pub(crate) additions: Additions,
    pub(crate) disk: Option<DiskPlan>,
}

/// The root on a disk.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DiskPlan {
    pub(crate) uuid: [u8; 16],
    pub(crate) label: String,
    pub(crate) packages: Vec<String>,
    pub(crate) modules: Vec<String>,
    pub(crate) leave_out: Vec<String>,
    pub(crate) additions: Additions,
}

impl Plan {
    pub(crate) fn new(recipe: &Recipe, target: Target) -> Result<Self> {
        let document = &recipe.document;
        let arch = part(&document.arch, "arch", target.arch.as_str())?;
        let image = part(&document.image, "image", target.image.as_str())?;
        let kernel = part(&document.kernel, "kernel", target.kernel.as_str())?;
        let words = Words { target, arch };
        let mut modules = image.modules.clone();
        modules.extend(arch.modules.iter().cloned());
        Ok(Self {
            builder: BUILDER,
            target,
            epoch: document.epoch,
            debian: document.debian.clone(),
            kernel: KernelPart { package: words.fill(&kernel.package)?, ..kernel.clone() },
            command_line: words.fill(&image.command_line)?,
            packages: words.fill_all(&image.packages)?,
            take: words.fill_all(&image.take)?,
            modules,
            additions: additions(recipe, image)?,
            disk: image.disk.as_ref().map(|disk| disk_plan(recipe, disk, words)).transpose()?,
        })
    }

    /// The name of the image's folder in the cache.
    pub(crate) fn key(&self) -> String {
        let document = serde_json::to_vec(self).expect("a plan has string keys only");
        hex(&Sha256::digest(document))
    }
}

fn additions(recipe: &Recipe, image: &ImagePart) -> Result<Additions> {
    Additions::collect(&image.folders, &image.links, &image.file, recipe.files())
}

fn disk_plan(recipe: &Recipe, disk: &DiskPart, words: Words<'_>) -> Result<DiskPlan> {
    if disk.label.len() > 15 {
        return Err(Error::Recipe(format!("the label {:?} is longer than 15 bytes", disk.label)));
    }
    Ok(DiskPlan {
        uuid: parse_uuid(&disk.uuid)?,
        label: disk.label.clone(),
        packages: words.fill_all(&disk.packages)?,
        modules: disk.modules.clone(),
        leave_out: disk.leave_out.clone(),
        additions: Additions::collect(&disk.folders, &disk.links, &disk.file, recipe.files())?,
    })
}

fn part<'a, T>(parts: &'a BTreeMap<String, T>, kind: &str, name: &str) -> Result<&'a T> {
    parts.get(name).ok_or_else(|| Error::Recipe(format!("it has no [{kind}.{name}]")))
}

/// What stands for the words in braces.
#[derive(Clone, Copy)]
struct Words<'a> {
    target: Target,
    arch: &'a ArchPart,
}

impl Words<'_> {
    fn fill(self, text: &str) -> Result<String> {
        let filled = text
            .replace("{arch}", self.target.arch.as_str())
            .replace("{console}", &self.arch.console)
            .replace("{triplet}", &self.arch.triplet)
            .replace("{loader}", &self.arch.loader);
        if filled.contains(['{', '}']) {
            return Err(Error::Recipe(format!("{text:?} has a word in braces that nothing stands for")));
        }
        Ok(filled)
    }

    fn fill_all(self, texts: &[String]) -> Result<Vec<String>> {
        texts.iter().map(|text| self.fill(text)).collect()
    }
}

fn parse_uuid(text: &str) -> Result<[u8; 16]> {
    let wrong = || Error::Recipe(format!("{text:?} is not a UUID"));
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let value = u128::from_str_radix(&digits, 16).map_err(|_| wrong())?;
    if digits.len() == 32 { Ok(value.to_be_bytes()) } else { Err(wrong()) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::files::EMBEDDED;
    use crate::{Arch, ImageName, Kernel};

    const TEST: Target = Target { image: ImageName::Test, arch: Arch::Amd64, kernel: Kernel::Backports };

    fn guest_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in EMBEDDED {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn key_after(change: impl FnOnce(&Path)) -> (String, String) {
        let folder = guest_folder();
        change(folder.path());
        let recipe = Recipe::in_folder(folder.path()).unwrap();
        let desktop = Target { image: ImageName::Desktop, ..TEST };
        (Plan::new(&recipe, TEST).unwrap().key(), Plan::new(&recipe, desktop).unwrap().key())
    }

    fn edit(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    #[test]
    fn every_image_of_the_recipe_has_a_plan_and_a_key_of_its_own() {
        let recipe = Recipe::embedded().unwrap();
        let mut keys = BTreeSet::new();
        for image in [ImageName::Test, ImageName::Desktop] {
            for arch in [Arch::Amd64, Arch::Arm64] {
                for kernel in [Kernel::Backports, Kernel::Stable] {
                    let plan = Plan::new(&recipe, Target { image, arch, kernel }).unwrap();
                    assert!(plan.command_line.contains("drm_kms_helper.fbdev_emulation=0"));
                    assert_eq!(plan.disk.is_some(), image == ImageName::Desktop);
                    keys.insert(plan.key());
                }
            }
        }
        assert_eq!(keys.len(), 8);
    }

    #[test]
    fn a_folder_with_the_same_files_gives_the_same_key() {
        let embedded = Plan::new(&Recipe::embedded().unwrap(), TEST).unwrap().key();
        assert_eq!(key_after(|_| {}).0, embedded);
        assert_eq!(key_after(|folder| edit(&folder.join("recipe.toml"), "# What goes", "# All that goes")).0, embedded);
    }

    #[test]
    fn a_change_reaches_the_key_of_the_images_that_it_touches_only() {
        let (test, desktop) = key_after(|_| {});
        let init = key_after(|folder| edit(&folder.join("test/init"), "mount", "/bin/mount"));
        assert!(init.0 != test && init.1 == desktop);
        let list = key_after(|folder| edit(&folder.join("recipe.toml"), "\"kmod\"", "\"kmod\", \"xterm\""));
        assert!(list.0 == test && list.1 != desktop);
        let epoch = key_after(|folder| edit(&folder.join("recipe.toml"), "epoch = 17", "epoch = 16"));
        assert!(epoch.0 != test && epoch.1 != desktop);
    }

    #[test]
    fn mistakes_in_a_recipe_are_named() {
        for (from, to, said) in [
            ("epoch", "epohc", "epohc"),
            ("\"test/init\"", "\"../init\"", "not a file beside"),
            ("path = \"/init\"", "path = \"init\"", "absolute path"),
            ("lib/{triplet}", "lib/{tripel}", "braces"),
            ("1c0c7a5e-6f0a", "1c0c7a5e-6f0", "UUID"),
            ("[kernel.backports]", "[kernel.sid]", "kernel.backports"),
        ] {
            let folder = guest_folder();
            edit(&folder.path().join("recipe.toml"), from, to);
            let plan = |image| Recipe::in_folder(folder.path()).and_then(|r| Plan::new(&r, Target { image, ..TEST }));
            let error = plan(ImageName::Test).and_then(|_| plan(ImageName::Desktop)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
