//! Roots: packages installed by mmdebstrap.
//!
//! mmdebstrap gets its packages from a folder that holds exactly those that were chosen and fetched before. It needs
//! no network, cannot choose others, and signatures have been checked already.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::additions::Additions;
use crate::apt::{Ground, Package};
use crate::error::io_error;
use crate::manifest::Output;
use crate::progress::{Phase, Progress, Watch};
use crate::tool::{self, Event, Tool};
use crate::tree::Tree;
use crate::{Arch, Error, Result, tar};

const INSTALL_LIMIT: Duration = Duration::from_secs(60 * 60);
const SHORT_LIMIT: Duration = Duration::from_secs(60);
/// The folder of packages, outside and inside of the root while it is installed.
const SHELF: &str = "lunette-packages";
/// dpkg says that much of each package: unpacking it, setting it up.
const WORDS_PER_PACKAGE: u64 = 2;
/// Who uses a desktop.
const USER: &str = "user";
const USER_ID: u32 = 1000;

/// What a root is made from.
pub(crate) struct Bootstrap<'a> {
    pub(crate) arch: Arch,
    pub(crate) epoch: u32,
    pub(crate) ground: &'a Ground,
    pub(crate) packages: &'a [Package],
    /// Put in before the packages, so that what they set up takes them into account, and again afterwards.
    pub(crate) additions: &'a Additions,
    pub(crate) leave_out: &'a [String],
    pub(crate) people: Option<People<'a>>,
    pub(crate) work: &'a Path,
}

/// What a root that people use has besides.
pub(crate) struct People<'a> {
    /// Languages that programs speak.
    pub(crate) languages: BTreeSet<&'a str>,
}

/// Refuses, naming what to install, unless a root for this architecture can be installed here.
pub(crate) fn need_tools(arch: Arch) -> Result<()> {
    tool::need(&["mmdebstrap", "depmod", "unshare"])?;
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

impl Bootstrap<'_> {
    /// Installs everything; the archive is where the contents of files are.
    pub(crate) fn install(&self, watch: Watch<'_>) -> Result<(Tree, File)> {
        watch(Progress { phase: Phase::Install, percent: 0 });
        let shelf = self.fill_shelf()?;
        let additions = self.write_additions()?;
        let archive = self.work.join("root.tar");
        self.run(&shelf, &additions, &archive, watch)?;
        let mut parts = File::open(&archive).map_err(io_error("open", &archive))?;
        let mut tree = tar::read(&mut parts, self.epoch).map_err(io_error("read", &archive))?;
        for pattern in self.leave_out {
            tree.leave_out(pattern);
        }
        tree.add(self.additions, self.epoch);
        Ok((tree, parts))
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

    fn run(&self, shelf: &Path, additions: &Path, archive: &Path, watch: Watch<'_>) -> Result<()> {
        let names: Vec<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        // Brought into the root, because in a user's own namespace the user's folders may be out of reach.
        let bring = format!("copy-in {} /", quoted(shelf));
        let list = format!("echo \"deb [trusted=yes] copy:$1/{SHELF} ./\" > \"$1/etc/apt/sources.list\"");
        let tidy = format!("rm -rf \"$1/{SHELF}\" \"$1/etc/apt/sources.list\" \"$1/etc/apt/apt.conf.d/99mmdebstrap\"");
        let tool = self
            .isolated()
            .args(["--variant=essential", "--format=tar", "--verbose"])
            .arg(format!("--architectures={}", self.arch))
            .arg(format!("--include={}", names.join(",")))
            .arg(format!("--setup-hook={bring}"))
            .arg(format!("--setup-hook={list}"))
            .arg(format!("--essential-hook=sync-in {} /", quoted(additions)))
            .arg(format!("--customize-hook={tidy}"))
            .args(["--aptopt=APT::Sandbox::User \"\"", "--aptopt=APT::Install-Recommends \"false\""])
            // What a root has of its own stays as it is.
            .arg("--dpkgopt=force-confold")
            .args(["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"])
            .args(self.for_people())
            .env("SOURCE_DATE_EPOCH", self.epoch.to_string());
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

    /// mmdebstrap with mounts of its own, so that none is left however it ends.
    fn isolated(&self) -> Tool {
        if rustix::process::geteuid().is_root() {
            // /tmp may be small.
            let tool = Tool::new("unshare", INSTALL_LIMIT).env("TMPDIR", self.work);
            tool.args(["--mount", "--propagation", "private", "--", "mmdebstrap"])
        } else {
            // For ordinary users it makes namespaces by itself.
            Tool::new("mmdebstrap", INSTALL_LIMIT)
        }
    }

    /// Files that are added, in a folder as they are in the root.
    fn write_additions(&self) -> Result<PathBuf> {
        let folder = self.work.join("additions");
        fs::create_dir_all(&folder).map_err(io_error("make", &folder))?;
        for file in &self.additions.files {
            let path = folder.join(file.path.trim_start_matches('/'));
            write(&path, &file.content)?;
            let mode = fs::Permissions::from_mode(file.mode.into());
            fs::set_permissions(&path, mode).map_err(io_error("set the mode of", &path))?;
        }
        Ok(folder)
    }

    fn for_people(&self) -> Vec<String> {
        let Some(people) = &self.people else { return Vec::new() };
        let spoken = people.languages.iter().map(|name| format!("--dpkgopt=path-include=/usr/share/locale/{name}/*"));
        let user = format!("useradd --uid {USER_ID} --user-group --create-home --shell /bin/bash {USER}");
        // A cache of fonts is valid for one date of their folder, and the archive has no later date than this.
        let dates = format!(
            "find \"$1\"/usr/share/fonts \"$1\"/usr/local/share -type d -newermt @{0} -exec touch -d @{0} {{}} +",
            self.epoch
        );
        let hooks = [format!("chroot \"$1\" {user}"), dates, "chroot \"$1\" fc-cache -s".to_owned()];
        spoken.chain(hooks.map(|hook| format!("--customize-hook={hook}"))).collect()
    }
}

/// Writes a file, and makes the folders above it.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(io_error("make", folder))?;
    fs::write(path, content).map_err(io_error("write", path))
}

/// For the shell-like words of a hook.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
