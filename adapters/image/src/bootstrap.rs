//! The root of a desktop image: packages installed by mmdebstrap, then packed as a file system.
//!
//! mmdebstrap gets its packages from a folder that holds exactly those that were chosen and fetched before. It needs
//! no network, cannot choose others, and signatures have been checked already.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::apt::{Ground, Package};
use crate::error::io_error;
use crate::initrd::{self, Kernel, MODULES};
use crate::manifest::Output;
use crate::modules::Module;
use crate::plan::{DiskPlan, Plan};
use crate::progress::{Phase, Progress, Watch};
use crate::tool::{self, Event, Tool};
use crate::tree::{Content, Kind, Node, Tree};
use crate::{Arch, Error, Result, erofs, tar};

const INSTALL_LIMIT: Duration = Duration::from_secs(60 * 60);
const SHORT_LIMIT: Duration = Duration::from_secs(60);
/// The folder of packages, outside and inside of the root while it is installed.
const SHELF: &str = "lunette-packages";
/// dpkg says that much of each package: unpacking it, setting it up.
const WORDS_PER_PACKAGE: u64 = 2;

/// What a root is made from.
pub(crate) struct Root<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) disk: &'a DiskPlan,
    pub(crate) ground: &'a Ground,
    pub(crate) packages: &'a [Package],
    pub(crate) kernel: &'a Kernel,
    pub(crate) work: &'a Path,
}

/// Refuses, naming what to install, unless a root for this architecture can be installed here.
pub(crate) fn need_tools(arch: Arch) -> Result<()> {
    tool::need(&["mmdebstrap", "depmod"])?;
    if !rustix::process::geteuid().is_root() {
        // Without root, mmdebstrap needs a range of user ids of its own.
        tool::need(&["newuidmap"])?;
    }
    let emulator = match arch {
        Arch::Amd64 => "/proc/sys/fs/binfmt_misc/qemu-x86_64",
        Arch::Arm64 => "/proc/sys/fs/binfmt_misc/qemu-aarch64",
    };
    let native = Arch::of_this_machine().is_ok_and(|own| own == arch);
    if native || Path::new(emulator).exists() { Ok(()) } else { Err(Error::Foreign { arch: arch.as_str() }) }
}

impl Root<'_> {
    /// Writes the root's file system.
    pub(crate) fn pack(&self, to: &Path, watch: Watch<'_>) -> Result<()> {
        watch(Progress { phase: Phase::Install, percent: 0 });
        // First, as it can fail at once and what follows takes minutes.
        let wanted: Vec<String> = self.plan.modules.iter().chain(&self.disk.modules).cloned().collect();
        let modules = self.kernel.modules.closure(&wanted, &self.kernel.folder)?;
        let shelf = self.fill_shelf()?;
        let archive = self.work.join("root.tar");
        self.install(&shelf, &archive, watch)?;
        watch(Progress { phase: Phase::Disk, percent: 0 });
        let mut parts = File::open(&archive).map_err(io_error("open", &archive))?;
        let mut tree = tar::read(&mut parts, self.plan.epoch).map_err(io_error("read", &archive))?;
        for pattern in &self.disk.leave_out {
            tree.leave_out(pattern);
        }
        tree.add(&self.disk.additions, self.plan.epoch);
        self.add_modules(&mut tree, &modules)?;
        let identity = erofs::Identity { uuid: self.disk.uuid, label: &self.disk.label, time: self.plan.epoch };
        let file = File::create(to).map_err(io_error("create", to))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let written = erofs::write(&tree, &mut Some(parts), &identity, &mut file).and_then(|()| file.flush());
        written.map_err(io_error("write", to))
    }

    /// The chosen packages under one roof, with the index that apt reads.
    fn fill_shelf(&self) -> Result<PathBuf> {
        let shelf = self.work.join(SHELF);
        fs::create_dir_all(&shelf).map_err(io_error("make", &shelf))?;
        let mut index = String::new();
        for package in self.packages {
            let (from, to) = (self.ground.packages.join(&package.file), shelf.join(&package.file));
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)).map_err(io_error("copy", &from))?;
            let control = Tool::new("dpkg-deb", SHORT_LIMIT).arg("-f").arg(&from).read()?;
            let output = Output::of(&shelf, &package.file)?;
            index.push_str(String::from_utf8_lossy(&control).trim_end());
            let (file, size, sha256) = (&package.file, output.size, &output.sha256);
            writeln!(index, "\nFilename: ./{file}\nSize: {size}\nSHA256: {sha256}\n")
                .expect("a String takes everything");
        }
        let path = shelf.join("Packages");
        fs::write(&path, index).map_err(io_error("write", &path))?;
        Ok(shelf)
    }

    fn install(&self, shelf: &Path, archive: &Path, watch: Watch<'_>) -> Result<()> {
        let names: Vec<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        // Brought into the root, because in a user's own namespace the user's folders may be out of reach.
        let bring = format!("copy-in {} /", quoted(shelf));
        let list = format!("echo \"deb [trusted=yes] copy:$1/{SHELF} ./\" > \"$1/etc/apt/sources.list\"");
        let tidy = format!("rm -rf \"$1/{SHELF}\" \"$1/etc/apt/sources.list\" \"$1/etc/apt/apt.conf.d/99mmdebstrap\"");
        let mut tool = Tool::new("mmdebstrap", INSTALL_LIMIT)
            .args(["--variant=essential", "--format=tar", "--verbose"])
            .arg(format!("--architectures={}", self.plan.target.arch))
            .arg(format!("--include={}", names.join(",")))
            .arg(format!("--setup-hook={bring}"))
            .arg(format!("--setup-hook={list}"))
            .arg(format!("--customize-hook={tidy}"))
            .args(["--aptopt=APT::Sandbox::User \"\"", "--aptopt=APT::Install-Recommends \"false\""])
            .args(["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"])
            .env("SOURCE_DATE_EPOCH", self.plan.epoch.to_string());
        if rustix::process::geteuid().is_root() {
            // /tmp may be small.
            tool = tool.env("TMPDIR", self.work);
        }
        let total = self.packages.len() as u64 * WORDS_PER_PACKAGE;
        let mut done = 0;
        // No mirror: the hook has written the only source.
        tool.arg("").arg(archive).arg("").run(&mut |event| {
            if let Event::Line(line) = event
                && (line.starts_with("Unpacking ") || line.starts_with("Setting up "))
            {
                done += 1;
                watch(Progress::of(Phase::Install, done, total));
            }
        })
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
        Tool::new("depmod", SHORT_LIMIT).arg("-b").arg(&base).arg(version).run(&mut |_| {})?;
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

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(io_error("make", folder))?;
    fs::write(path, content).map_err(io_error("write", path))
}

/// For the shell-like words of a hook.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
