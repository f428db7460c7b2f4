//! Roots as file systems.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::apt::{Ground, Package};
use crate::bootstrap::{Bootstrap, People, write};
use crate::error::io_error;
use crate::initrd::{self, Kernel, MODULES};
use crate::modules::Module;
use crate::plan::{DiskPlan, Plan};
use crate::progress::{Phase, Progress, Watch};
use crate::root_plan::RootPlan;
use crate::tool::Tool;
use crate::tree::{Content, Kind, Node, Tree};
use crate::{Result, erofs};

const DEPMOD_LIMIT: Duration = Duration::from_secs(60);

/// Where apt of a desktop looks.
const SOURCES: &[u8] = b"etc/apt/sources.list.d/debian.sources";

/// The root of a machine.
pub(crate) struct MachineRoot<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) disk: &'a DiskPlan,
    pub(crate) ground: &'a Ground,
    pub(crate) packages: &'a [Package],
    pub(crate) kernel: &'a Kernel,
    pub(crate) work: &'a Path,
}

impl MachineRoot<'_> {
    /// Writes the root's file system.
    pub(crate) fn pack(&self, to: &Path, watch: Watch<'_>) -> Result<()> {
        // First, as it can fail at once and what follows takes minutes.
        let wanted: Vec<String> = self.plan.modules.iter().chain(&self.disk.modules).cloned().collect();
        let modules = self.kernel.modules.closure(&wanted, &self.kernel.folder)?;
        let bootstrap = Bootstrap {
            arch: self.plan.target.arch,
            epoch: self.plan.epoch,
            ground: self.ground,
            packages: self.packages,
            additions: &self.disk.additions,
            leave_out: &self.disk.leave_out,
            people: None,
            work: self.work,
        };
        let (mut tree, parts) = bootstrap.install(watch)?;
        watch(Progress { phase: Phase::Disk, percent: 0 });
        self.add_modules(&mut tree, &modules)?;
        let identity = erofs::Identity { uuid: self.disk.uuid, label: &self.disk.label, time: self.plan.epoch };
        write_image(&tree, parts, &identity, to)
    }

    /// Modules that nothing loads at boot, with the index that `modprobe` reads.
    fn add_modules(&self, tree: &mut Tree, modules: &[Module]) -> Result<()> {
        let version = self.kernel.modules.kernel();
        let base = self.work.join("modules");
        let folder = base.join("lib/modules").join(version);
        for module in modules {
            write(&folder.join(&module.place), &module.content)?;
        }
        for name in ["modules.builtin", "modules.builtin.modinfo", "modules.order"] {
            if let Ok(content) = fs::read(self.kernel.folder.join(name)) {
                write(&folder.join(name), &content)?;
            }
        }
        Tool::new("depmod", DEPMOD_LIMIT).arg("-b").arg(&base).arg(version).run(&mut |_| {})?;
        initrd::add_modules(tree, version, modules, self.plan.epoch);
        for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))?.flatten() {
            let name = entry.file_name();
            if entry.path().is_file() {
                let content = fs::read(entry.path()).map_err(io_error("read", &entry.path()))?;
                let path = format!("{MODULES}/{version}/{}", name.to_string_lossy());
                let node = Node::new(Kind::File(Content::Bytes(content)), 0o644, self.plan.epoch);
                tree.insert(path.as_bytes(), node);
            }
        }
        Ok(())
    }
}

/// The root of a profile.
pub(crate) struct ProfileRoot<'a> {
    pub(crate) plan: &'a RootPlan,
    pub(crate) ground: &'a Ground,
    pub(crate) packages: &'a [Package],
    /// Where root of a desktop has more packages from, as a file of apt's.
    pub(crate) sources: Option<String>,
    pub(crate) work: &'a Path,
}

impl ProfileRoot<'_> {
    /// Writes the root's file system.
    pub(crate) fn pack(self, to: &Path, watch: Watch<'_>) -> Result<()> {
        let plan = self.plan;
        let bootstrap = Bootstrap {
            arch: plan.target.arch,
            epoch: plan.epoch,
            ground: self.ground,
            packages: self.packages,
            additions: &plan.additions,
            leave_out: &plan.leave_out,
            people: Some(People { languages: plan.languages() }),
            work: self.work,
        };
        let (mut tree, parts) = bootstrap.install(watch)?;
        watch(Progress { phase: Phase::Disk, percent: 0 });
        if let Some(sources) = self.sources {
            let node = Node::new(Kind::File(Content::Bytes(sources.into_bytes())), 0o644, plan.epoch);
            tree.insert(SOURCES, node);
        }
        // A label has room for all of a name; what a guest goes by is the disk's serial.
        let identity = erofs::Identity { uuid: plan.uuid(), label: &plan.target.profile, time: plan.epoch };
        write_image(&tree, parts, &identity, to)
    }
}

fn write_image(tree: &Tree, parts: File, identity: &erofs::Identity<'_>, to: &Path) -> Result<()> {
    let file = File::create(to).map_err(io_error("create", to))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let written = erofs::write(tree, &mut Some(parts), identity, &mut file).and_then(|()| file.flush());
    written.map_err(io_error("write", to))
}
