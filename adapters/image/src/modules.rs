//! Which kernel modules an image gets, in the order in which they load.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::io_error;
use crate::tool::Tool;
use crate::{Error, Result, elf};

/// The largest module there is takes a tenth of a second.
const DECOMPRESS_LIMIT: Duration = Duration::from_secs(60);

/// The modules of an unpacked kernel.
pub(crate) struct Modules {
    kernel: String,
    /// By name, with `-` written as `_`.
    files: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
}

/// One module, ready to be loaded.
pub(crate) struct Module {
    /// Relative to `/usr/lib/modules/VERSION`.
    pub(crate) place: PathBuf,
    pub(crate) content: Vec<u8>,
}

impl Modules {
    /// Those below `folder`, which is `…/lib/modules/VERSION`.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let kernel = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let list = folder.join("modules.builtin");
        let builtin = fs::read_to_string(&list).map_err(io_error("read", &list))?;
        let builtin = builtin.lines().filter_map(|line| name_of(Path::new(line))).collect();
        let mut files = BTreeMap::new();
        collect(&folder.join("kernel"), &mut files)?;
        Ok(Self { kernel, files, builtin })
    }

    /// The kernel's version.
    pub(crate) fn kernel(&self) -> &str {
        &self.kernel
    }

    /// These modules and what they need, each after what it needs.
    pub(crate) fn closure(&self, wanted: &[String], folder: &Path) -> Result<Vec<Module>> {
        let mut chosen = Chosen { modules: self, folder, seen: BTreeSet::new(), loaded: Vec::new() };
        for name in wanted {
            chosen.add(&plain(name), Need::Firm)?;
        }
        Ok(chosen.loaded)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Firm,
    /// A soft dependency may be missing.
    Soft,
}

struct Chosen<'a> {
    modules: &'a Modules,
    folder: &'a Path,
    seen: BTreeSet<String>,
    loaded: Vec<Module>,
}

impl Chosen<'_> {
    fn add(&mut self, name: &str, need: Need) -> Result<()> {
        if self.modules.builtin.contains(name) || !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        let Some(path) = self.modules.files.get(name) else {
            let missing = Error::NoModule { kernel: self.modules.kernel.clone(), module: name.to_owned() };
            return if need == Need::Soft { Ok(()) } else { Err(missing) };
        };
        let content = read(path)?;
        let records = elf::modinfo(&content).ok_or(Error::Malformed { what: "not a module", path: path.clone() })?;
        for (key, value) in records {
            match key {
                "depends" => {
                    for name in value.split(',').filter(|name| !name.is_empty()) {
                        self.add(&plain(name), Need::Firm)?;
                    }
                }
                "softdep" => {
                    for name in before(value) {
                        self.add(&plain(name), Need::Soft)?;
                    }
                }
                _ => {}
            }
        }
        let place = path.strip_prefix(self.folder).unwrap_or(path).with_extension("").with_extension("ko");
        self.loaded.push(Module { place, content });
        Ok(())
    }
}

/// The names between `pre:` and `post:`.
fn before(softdep: &str) -> impl Iterator<Item = &str> {
    let after_pre = softdep.split_once("pre:").map_or("", |(_, rest)| rest);
    after_pre.split("post:").next().unwrap_or_default().split_whitespace()
}

fn plain(name: &str) -> String {
    name.replace('-', "_")
}

fn name_of(path: &Path) -> Option<String> {
    let (name, rest) = path.file_name()?.to_str()?.split_once('.')?;
    matches!(rest, "ko" | "ko.xz" | "ko.zst").then(|| plain(name))
}

fn collect(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let entry = entry.map_err(io_error("list", folder))?;
        let path = entry.path();
        if entry.file_type().map_err(io_error("look at", &path))?.is_dir() {
            collect(&path, files)?;
        } else if let Some(name) = name_of(&path) {
            files.insert(name, path);
        }
    }
    Ok(())
}

/// Unpacked here rather than in the guest: there it costs emulated time at every boot.
fn read(path: &Path) -> Result<Vec<u8>> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => Tool::new("xz", DECOMPRESS_LIMIT).arg("-dc").arg(path).read(),
        Some("zst") => Tool::new("zstd", DECOMPRESS_LIMIT).arg("-dcq").arg(path).read(),
        _ => fs::read(path).map_err(io_error("read", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::module_with;

    fn kernel(modules: &[(&str, &[&str])]) -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("7.2.1");
        fs::create_dir_all(folder.join("kernel/drivers")).unwrap();
        fs::write(folder.join("modules.builtin"), "kernel/drivers/virtio-pci.ko\n").unwrap();
        for (name, records) in modules {
            fs::write(folder.join("kernel/drivers").join(name), module_with(records)).unwrap();
        }
        (root, folder)
    }

    fn closure(modules: &[(&str, &[&str])], wanted: &[&str]) -> Result<Vec<String>> {
        let (_root, folder) = kernel(modules);
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let loaded = Modules::in_folder(&folder)?.closure(&wanted, &folder)?;
        Ok(loaded.iter().map(|module| module.place.display().to_string()).collect())
    }

    #[test]
    fn a_module_comes_after_what_it_needs_and_once() {
        let modules: [(&str, &[&str]); 4] = [
            ("virtio-gpu.ko", &["depends=drm,virtio_dma_buf"]),
            ("drm.ko", &["depends=", "softdep=pre: nothing-like-it drm-core post: late"]),
            ("drm_core.ko", &["depends=virtio_pci"]),
            ("virtio_dma_buf.ko", &["depends=drm"]),
        ];
        let expected = ["drm_core", "drm", "virtio_dma_buf", "virtio-gpu"].map(|n| format!("kernel/drivers/{n}.ko"));
        assert_eq!(closure(&modules, &["virtio_gpu", "drm", "virtio-pci"]).unwrap(), expected);
    }

    #[test]
    fn two_modules_that_need_each_other_end() {
        let modules: [(&str, &[&str]); 2] = [("a.ko", &["depends=b"]), ("b.ko", &["depends=a"])];
        assert_eq!(closure(&modules, &["a"]).unwrap().len(), 2);
    }

    #[test]
    fn a_missing_module_is_named() {
        let error = closure(&[("a.ko", &["depends=b"])], &["a"]).unwrap_err().to_string();
        assert_eq!(error, "kernel 7.2.1 has no module b, neither built in nor beside it");
    }

    #[test]
    fn packed_modules_are_unpacked() {
        let (_root, folder) = kernel(&[("a.ko", &["depends=b"]), ("b.ko", &["depends="])]);
        let drivers = folder.join("kernel/drivers");
        let run = |program: &str, args: &[&str]| {
            assert!(std::process::Command::new(program).args(args).current_dir(&drivers).status().unwrap().success());
        };
        run("xz", &["-q", "a.ko"]);
        run("zstd", &["-q", "--rm", "b.ko"]);
        let loaded = Modules::in_folder(&folder).unwrap().closure(&["a".to_owned()], &folder).unwrap();
        let places: Vec<_> = loaded.iter().map(|module| module.place.to_str().unwrap()).collect();
        assert_eq!(places, ["kernel/drivers/b.ko", "kernel/drivers/a.ko"]);
        assert_eq!(loaded[1].content, module_with(&["depends=b"]));
    }
}
