//! `cargo xtask dist`: what a release consists of.
//!
//! ```text
//!   packaging/packages.toml ─▶ plan ─┐
//!   cargo build ─▶ target ───────────┼─▶ tree, one for each package ─▶ debian ─▶ .deb
//!   pages (told by the programs) ────┘          └──▶ all of them ─▶ .tar.xz
//! ```

mod check;
mod control;
mod debian;
mod pages;
mod plan;
mod target;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::cli::{DistOptions, WebOptions};
use crate::metadata::Metadata;
use crate::process;
use control::Release;
use plan::{Package, Plan};
pub(crate) use target::Arch;
use target::Target;
use tree::{PLAIN, PROGRAM, Tree};

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// GStreamer's name of the element's library.
const PLUGIN: &str = "libgstvsockenc.so";
const SUMS: &str = "SHA256SUMS";
/// The package whose version is that of all.
const VERSION_OF: &str = "lunette";

/// Builds, packs and checks; fills `<target>/dist`.
pub(crate) fn run(metadata: &Metadata, options: &DistOptions) -> anyhow::Result<()> {
    let native = Arch::native().context("releases are made on Linux, on x86-64 and arm64")?;
    let dist = metadata.target_directory.join("dist");
    let work = metadata.target_directory.join("dist-work");
    empty(&dist)?;
    crate::web::run(metadata, &WebOptions { test: false })?;
    let native = Target::new(metadata, native);
    let workshop = Workshop { metadata, native: &native, dist: &dist, work: &work, date: date(metadata)? };
    build(metadata, &native)?;
    let mut made = workshop.make(&native)?;
    for arch in options.arch.iter().filter(|arch| **arch != native.arch) {
        let target = Target::new(metadata, *arch);
        build(metadata, &target)?;
        made.extend(workshop.make(&target)?);
    }
    let packages: Vec<_> =
        made.iter().filter(|path| path.extension().is_some_and(|end| end == "deb")).cloned().collect();
    if !packages.is_empty() {
        check::lintian(&metadata.workspace_root, &packages)?;
    }
    let names: Vec<_> = made.iter().filter_map(|path| path.file_name()?.to_str()).map(str::to_owned).collect();
    let sums = sha256(&dist, &names)?;
    fs::write(dist.join(SUMS), &sums).with_context(|| format!("cannot write {SUMS} in {}", dist.display()))?;
    fs::remove_dir_all(&work).context("cannot remove what was packed")?;
    print!("{sums}");
    eprintln!("dist: {} files in {}", names.len(), dist.display());
    Ok(())
}

/// Where releases are made.
struct Workshop<'a> {
    metadata: &'a Metadata,
    native: &'a Target,
    dist: &'a Path,
    work: &'a Path,
    /// When the sources became what they are: of every file, so that two builds of them are the same.
    date: Date,
}

struct Date {
    seconds: String,
    text: String,
}

impl Workshop<'_> {
    /// Every package for one processor, and an archive of them; where they are.
    fn make(&self, target: &Target) -> anyhow::Result<Vec<PathBuf>> {
        let plan = Plan::read(&self.metadata.workspace_root, target.arch)?;
        let plugin = plugin(target)?;
        let mut trees = Vec::new();
        for package in &plan.packages {
            if package.plugin.is_some() && plugin.is_none() {
                continue;
            }
            let folder = self.work.join(format!("{}-{}", package.name, target.arch.debian()));
            let tree = self.tree(&plan, package, target, plugin.as_deref(), folder)?;
            check::programs(target, package, &tree)?;
            check::units(package, &tree)?;
            trees.push((package, tree));
        }
        let mut made = Vec::new();
        if debian::is_here() {
            for (package, tree) in &trees {
                let release = self.release(&plan, target);
                let libraries = self.libraries(package)?;
                self.touch(tree)?;
                made.push(debian::pack(&release, package, tree, &libraries, self.dist)?);
            }
        } else {
            eprintln!("dist: without Debian packages, since dpkg-deb is not here");
        }
        made.push(self.archive(target, &trees)?);
        Ok(made)
    }

    fn release<'a>(&'a self, plan: &'a Plan, target: &Target) -> Release<'a> {
        Release {
            plan,
            version: self.version(),
            arch: target.arch.debian(),
            date: &self.date.text,
            epoch: &self.date.seconds,
        }
    }

    fn version(&self) -> &str {
        let named = self.metadata.members().find(|package| package.name == VERSION_OF);
        named.map_or("0", |package| &package.version)
    }

    fn tree(
        &self,
        plan: &Plan,
        package: &Package,
        target: &Target,
        plugin: Option<&Path>,
        folder: PathBuf,
    ) -> anyhow::Result<Tree> {
        let tree = Tree::new(folder)?;
        for program in &package.programs {
            let place = format!("{}/{program}", package.folder);
            tree.copy(&target.programs().join(program), &place, PROGRAM)?;
            strip(target, &tree.at(&place))?;
        }
        for command in package.commands.iter().filter(|_| package.folder != "/usr/bin") {
            tree.link(
                &format!("/usr/bin/{command}"),
                &format!("..{}/{command}", package.folder.trim_start_matches("/usr")),
            )?;
        }
        if let Some((folder, plugin)) = package.plugin.as_ref().zip(plugin) {
            let place = format!("{folder}/{PLUGIN}");
            tree.copy(plugin, &place, PLAIN)?;
            strip(target, &tree.at(&place))?;
        }
        for file in &package.files {
            tree.copy(&self.metadata.workspace_root.join(&file.from), &file.to, PLAIN)?;
        }
        pages::add(package, self.native.programs(), &self.date.seconds, &tree)?;
        let documents = format!("/usr/share/doc/{}", package.name);
        let mit =
            fs::read_to_string(self.metadata.workspace_root.join(LICENCES[1])).context("cannot read the licence")?;
        let release = self.release(plan, target);
        tree.write(&format!("{documents}/copyright"), &release.copyright(&mit), PLAIN)?;
        tree.write_packed(&format!("{documents}/changelog"), &release.changelog(package))?;
        Ok(tree)
    }

    /// What a package's programs load: that of this machine's, since both are built from the same sources.
    fn libraries(&self, package: &Package) -> anyhow::Result<String> {
        let folder = self.native.programs();
        let mut files: Vec<_> = package.programs.iter().map(|program| folder.join(program)).collect();
        files.extend(package.plugin.is_some().then(|| folder.join(PLUGIN)));
        debian::libraries(&files)
    }

    fn touch(&self, tree: &Tree) -> anyhow::Result<()> {
        let date = format!("@{}", self.date.seconds);
        let mut command = Command::new("find");
        command.arg(tree.root()).args(["-exec", "touch", "--no-dereference", "--date", &date, "{}", "+"]);
        process::read(&mut command).map(drop)
    }

    /// The same files for systems without packages, with programs that find each other wherever it is unpacked.
    fn archive(&self, target: &Target, trees: &[(&Package, Tree)]) -> anyhow::Result<PathBuf> {
        let name = format!("lunette-{}-linux-{}", self.version(), target.arch.debian());
        let all = Tree::new(self.work.join(&name))?;
        for (package, tree) in trees {
            let below = if package.start { "guest" } else { "" };
            let to = all.root().join(below);
            fs::create_dir_all(&to)?;
            process::read(Command::new("cp").arg("-a").arg(tree.root().join("usr/.")).arg(&to))?;
        }
        for name in LICENCES.into_iter().chain(["README.md"]) {
            all.copy(&self.metadata.workspace_root.join(name), &format!("/{name}"), PLAIN)?;
        }
        let path = self.dist.join(format!("{name}.tar.xz"));
        let date = format!("@{}", self.date.seconds);
        let mut tar = Command::new("tar");
        tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime", &date, "-cJf"]).arg(&path);
        process::read(tar.arg("-C").arg(self.work).arg(&name))?;
        Ok(path)
    }
}

fn build(metadata: &Metadata, target: &Target) -> anyhow::Result<()> {
    let mut command = target.cargo_build();
    command.arg("--bins");
    for package in metadata.members_in("bin") {
        command.args(["--package", &package.name]);
    }
    process::run(&mut command)
}

/// The GStreamer element, where GStreamer's development files for that processor are.
fn plugin(target: &Target) -> anyhow::Result<Option<PathBuf>> {
    let found = target.tool("pkg-config").args(["--exists", "gstreamer-allocators-1.0"]).status();
    if !found.is_ok_and(|status| status.success()) {
        let arch = target.arch.debian();
        eprintln!("dist: without {PLUGIN} for {arch}, since GStreamer's development files for it are not here");
        return Ok(None);
    }
    process::run(target.cargo_build().args(["--package", "gst-vsockenc", "--features", "plugin"]))?;
    Ok(Some(target.programs().join(PLUGIN)))
}

/// Lines for a debugger stay where it was built.
fn strip(target: &Target, program: &Path) -> anyhow::Result<()> {
    process::read(target.tool("strip").args(["--strip-unneeded", "--remove-section=.comment"]).arg(program)).map(drop)
}

fn date(metadata: &Metadata) -> anyhow::Result<Date> {
    let of = |format: &str| -> anyhow::Result<String> {
        let mut git = Command::new("git");
        git.args(["log", "-1", &format!("--format={format}")]).current_dir(&metadata.workspace_root);
        Ok(String::from_utf8(process::read(&mut git)?)?.trim().to_owned())
    };
    Ok(Date { seconds: of("%ct")?, text: of("%cD")? })
}

/// An old package must not stay beside the new sums.
fn empty(dist: &Path) -> anyhow::Result<()> {
    if dist.exists() {
        fs::remove_dir_all(dist).with_context(|| format!("cannot empty {}", dist.display()))?;
    }
    fs::create_dir_all(dist).with_context(|| format!("cannot create {}", dist.display()))
}

/// The system's own program computes the sums, because it is also the one that people verify with.
fn sha256(folder: &Path, names: &[String]) -> anyhow::Result<String> {
    let sums = process::read(Command::new("sha256sum").args(names).current_dir(folder))?;
    String::from_utf8(sums).context("the list of sums is not UTF-8")
}
