//! Kernel and initramfs, out of unpacked packages.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::modules::{Module, Modules};
use crate::plan::Plan;
use crate::tree::{Content, Kind, Node, Tree};
use crate::{Error, Result, cpio};

/// Where a guest finds its modules.
pub(crate) const MODULES: &str = "usr/lib/modules";

/// The kernel of the unpacked packages.
pub(crate) struct Kernel {
    pub(crate) modules: Modules,
    /// `…/lib/modules/VERSION`.
    pub(crate) folder: PathBuf,
    program: PathBuf,
}

impl Kernel {
    pub(crate) fn find(unpacked: &Path, plan: &Plan) -> Result<Self> {
        let folder = modules_folder(unpacked)?;
        let modules = Modules::in_folder(&folder)?;
        if !is_at_least(modules.kernel(), &plan.kernel.at_least) {
            let (found, wanted) = (modules.kernel().to_owned(), plan.kernel.at_least.clone());
            return Err(Error::OldKernel { found, wanted });
        }
        let places = [folder.join("vmlinuz"), unpacked.join("boot").join(format!("vmlinuz-{}", modules.kernel()))];
        let program = places.into_iter().find(|place| place.is_file());
        let program = program.ok_or(Error::Malformed { what: "no kernel", path: unpacked.to_owned() })?;
        Ok(Self { modules, folder, program })
    }

    pub(crate) fn copy(&self, to: &Path) -> Result<()> {
        fs::copy(&self.program, to).map_err(io_error("copy the kernel to", to))?;
        Ok(())
    }
}

/// Writes the initramfs of a plan.
pub(crate) fn pack(plan: &Plan, unpacked: &Path, kernel: &Kernel, to: &Path) -> Result<()> {
    let mut tree = Tree::default();
    tree.add(&plan.additions, plan.epoch);
    for path in &plan.take {
        tree.take(unpacked, path, plan.epoch)?;
    }
    let modules = kernel.modules.closure(&plan.modules, &kernel.folder)?;
    add_modules(&mut tree, kernel.modules.kernel(), &modules, plan.epoch);
    let mut order = String::new();
    for module in &modules {
        order.push_str(&format!("{}/{}\n", kernel.modules.kernel(), module.place.display()));
    }
    let order = Node::new(Kind::File(Content::Bytes(order.into_bytes())), 0o644, plan.epoch);
    tree.insert(format!("{MODULES}/order").as_bytes(), order);
    let file = File::create(to).map_err(io_error("create", to))?;
    let mut file = BufWriter::new(file);
    cpio::write(&tree, &mut file).and_then(|()| file.flush()).map_err(io_error("write", to))
}

/// Puts modules where `modprobe` looks for them.
pub(crate) fn add_modules(tree: &mut Tree, kernel: &str, modules: &[Module], mtime: u32) {
    for module in modules {
        let path = format!("{MODULES}/{kernel}/{}", module.place.display());
        let content = Content::Bytes(module.content.clone());
        tree.insert(path.as_bytes(), Node::new(Kind::File(content), 0o644, mtime));
    }
}

fn modules_folder(unpacked: &Path) -> Result<PathBuf> {
    let parents = [unpacked.join("usr/lib/modules"), unpacked.join("lib/modules")];
    let folders = parents.iter().filter_map(|parent| fs::read_dir(parent).ok()).flatten().flatten();
    let mut folders = folders.map(|entry| entry.path()).filter(|path| path.join("modules.builtin").is_file());
    match (folders.next(), folders.next()) {
        (Some(folder), None) => Ok(folder),
        _ => Err(Error::Malformed { what: "not the modules of one kernel", path: unpacked.to_owned() }),
    }
}

fn is_at_least(version: &str, least: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        let leading = text.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        leading.split('.').map_while(|number| number.parse().ok()).collect()
    };
    numbers(version) >= numbers(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, least, enough) in [
            ("7.2.12+deb13-amd64", "7.2", true),
            ("6.12.107+deb13-amd64", "6.12", true),
            ("6.12.107+deb13-amd64", "7.2", false),
            ("7.10.1-arm64", "7.2", true),
            ("7-amd64", "7.2", false),
            ("", "7.2", false),
        ] {
            assert_eq!(is_at_least(version, least), enough, "{version} {least}");
        }
    }
}
