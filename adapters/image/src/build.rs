//! From a recipe to an image, or from the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::apt::{Apt, Archive, Ground, Package};
use crate::disk::{MachineRoot, ProfileRoot};
use crate::error::io_error;
use crate::initrd::{self, Kernel};
use crate::manifest::{KernelFacts, Manifest, Output, PackageVersion};
use crate::plan::Plan;
use crate::progress::{Phase, Progress, Watch};
use crate::recipe::DebianPart;
use crate::root_plan::RootPlan;
use crate::unpack::unpack;
use crate::{Arch, Cache, Image, ProfileFile, Recipe, Result, Root, Subject, Target, bootstrap, image, tool};

/// The longest that another build may take.
const LOCK_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// Whether what is in the cache will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Any,
    New,
}

/// Makes images, or finds those that are made.
pub struct Builder {
    cache: Cache,
    recipe: Recipe,
    archive: Box<dyn Archive + Send + Sync>,
}

impl Builder {
    /// One that takes packages from the mirror of the machine's apt configuration.
    #[must_use]
    pub fn new(cache: Cache, recipe: Recipe) -> Self {
        Self { cache, recipe, archive: Box::new(Apt::default()) }
    }

    /// Takes packages from another Debian mirror, signed with the same keys.
    #[must_use]
    pub fn with_mirror(mut self, address: &str) -> Self {
        self.archive = Box::new(Apt { mirror: Some(address.to_owned()) });
        self
    }

    /// Where images are kept.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Where the image is or would be.
    ///
    /// # Errors
    /// When the recipe is wrong.
    pub fn folder(&self, target: Target) -> Result<PathBuf> {
        Ok(self.cache.folder(&Plan::new(&self.recipe, target)?.key()))
    }

    /// The image, if it is in the cache and every byte is as it was built.
    ///
    /// # Errors
    /// When the recipe is wrong.
    pub fn cached(&self, target: Target) -> Result<Option<Image>> {
        let plan = Plan::new(&self.recipe, target)?;
        Ok(self.cache.open(&plan.key(), Image::open).and_then(Result::ok))
    }

    /// The image: that of the cache, or a new one. Touches no network in the first case.
    ///
    /// # Errors
    /// When it cannot be built; the message says what to do about it. What was fetched stays for the next attempt.
    pub fn image(&self, target: Target, watch: &mut dyn FnMut(Progress)) -> Result<Image> {
        self.machine(target, Age::Any, watch)
    }

    /// A new image from the packages of today, in place of the one in the cache.
    ///
    /// # Errors
    /// As for [`Builder::image`].
    pub fn fresh(&self, target: Target, watch: &mut dyn FnMut(Progress)) -> Result<Image> {
        self.machine(target, Age::New, watch)
    }

    /// Where the root of a profile is or would be.
    ///
    /// # Errors
    /// When recipe or profile are wrong.
    pub fn root_folder(&self, profile: &ProfileFile, arch: Arch) -> Result<PathBuf> {
        Ok(self.cache.folder(&RootPlan::new(&self.recipe, profile, arch)?.key()))
    }

    /// The root of a profile: that of the cache, or a new one, as for [`Builder::image`].
    ///
    /// # Errors
    /// As for [`Builder::image`].
    pub fn root(&self, profile: &ProfileFile, arch: Arch, watch: &mut dyn FnMut(Progress)) -> Result<Root> {
        self.profile_root(profile, arch, Age::Any, watch)
    }

    /// A new root from the packages of today, in place of the one in the cache.
    ///
    /// # Errors
    /// As for [`Builder::image`].
    pub fn fresh_root(&self, profile: &ProfileFile, arch: Arch, watch: &mut dyn FnMut(Progress)) -> Result<Root> {
        self.profile_root(profile, arch, Age::New, watch)
    }

    fn machine(&self, target: Target, age: Age, watch: Watch<'_>) -> Result<Image> {
        let plan = Plan::new(&self.recipe, target)?;
        self.found_or_built(&plan.key(), age, Image::open, watch, |partial, watch| {
            self.build_machine(&plan, partial, watch)
        })
    }

    fn profile_root(&self, profile: &ProfileFile, arch: Arch, age: Age, watch: Watch<'_>) -> Result<Root> {
        let plan = RootPlan::new(&self.recipe, profile, arch)?;
        self.found_or_built(&plan.key(), age, Root::open, watch, |partial, watch| {
            self.build_root(&plan, partial, watch)
        })
    }

    fn found_or_built<T>(
        &self,
        key: &str,
        age: Age,
        open: fn(&Path) -> Result<T>,
        watch: Watch<'_>,
        build: impl FnOnce(&Path, Watch<'_>) -> Result<()>,
    ) -> Result<T> {
        let found = || (age == Age::Any).then(|| self.unharmed(key, open)).flatten();
        if let Some(image) = found() {
            return Ok(image);
        }
        let _lock = self.cache.lock(LOCK_LIMIT, watch)?;
        // Somebody else may have built it meanwhile.
        if let Some(image) = found() {
            return Ok(image);
        }
        let place = self.cache.folder(key);
        let partial = place.with_extension("partial");
        self.cache.sweep()?;
        build(&partial, watch)?;
        image::remove(&place)?;
        fs::rename(&partial, &place).map_err(io_error("move an image to", &place))?;
        image::sync(&self.cache.images())?;
        open(&place)
    }

    fn unharmed<T>(&self, key: &str, open: fn(&Path) -> Result<T>) -> Option<T> {
        match self.cache.open(key, open)? {
            Ok(image) => Some(image),
            Err(error) => {
                let reason: &dyn std::error::Error = &error;
                tracing::warn!(error = reason, "an image in the cache is damaged and is built anew");
                None
            }
        }
    }

    fn build_machine(&self, plan: &Plan, partial: &Path, watch: Watch<'_>) -> Result<()> {
        let root_arch = plan.disk.as_ref().map(|_| plan.target.arch);
        let (ground, work) = self.prepare(plan.target.arch, &plan.debian, root_arch, partial, watch)?;
        let boot = self.boot_packages(plan, &ground)?;
        let root = match &plan.disk {
            Some(disk) => self.root_packages(&disk.packages, &ground)?,
            None => Vec::new(),
        };
        let all: Vec<Package> = boot.iter().chain(&root).cloned().collect();
        watch(Progress { phase: Phase::Fetch, percent: 0 });
        self.archive.fetch(&ground, &all, watch)?;

        let unpacked = work.join("unpacked");
        unpack(&ground, &boot, &unpacked, watch)?;
        let kernel = Kernel::find(&unpacked, plan)?;
        watch(Progress { phase: Phase::Initrd, percent: 0 });
        kernel.copy(&partial.join(image::KERNEL))?;
        initrd::pack(plan, &unpacked, &kernel, &partial.join(image::INITRD))?;
        let mut files = vec![image::KERNEL, image::INITRD];
        if let Some(disk) = &plan.disk {
            let root = MachineRoot { plan, disk, ground: &ground, packages: &root, kernel: &kernel, work: &work };
            root.pack(&partial.join(image::DISK), watch)?;
            files.push(image::DISK);
        }
        watch(Progress { phase: Phase::Finish, percent: 0 });
        let facts =
            KernelFacts { version: kernel.modules.kernel().to_owned(), command_line: plan.command_line.clone() };
        finish(Subject::Machine(plan.target), Some(facts), &files, all, partial)
    }

    fn build_root(&self, plan: &RootPlan, partial: &Path, watch: Watch<'_>) -> Result<()> {
        let arch = plan.target.arch;
        let (ground, work) = self.prepare(arch, &plan.debian, Some(arch), partial, watch)?;
        let wanted: Vec<String> = plan.packages.iter().cloned().collect();
        let packages = self.root_packages(&wanted, &ground)?;
        watch(Progress { phase: Phase::Fetch, percent: 0 });
        self.archive.fetch(&ground, &packages, watch)?;
        let sources = self.archive.sources(&ground)?;
        let root = ProfileRoot { plan, ground: &ground, packages: &packages, sources, work: &work };
        root.pack(&partial.join(image::DISK), watch)?;
        watch(Progress { phase: Phase::Finish, percent: 0 });
        finish(Subject::Root(plan.target.clone()), None, &[image::DISK], packages, partial)
    }

    /// Makes sure of the tools, makes folders, and learns what packages there are today.
    fn prepare(
        &self,
        arch: Arch,
        debian: &DebianPart,
        root: Option<Arch>,
        partial: &Path,
        watch: Watch<'_>,
    ) -> Result<(Ground, PathBuf)> {
        need_tools(root)?;
        let ground = self.cache.ground(arch, debian);
        let work = partial.join("work");
        fs::create_dir_all(&work).map_err(io_error("make", &work))?;
        watch(Progress { phase: Phase::Resolve, percent: 0 });
        self.archive.refresh(&ground)?;
        Ok((ground, work))
    }

    /// What is unpacked for kernel and initrd: of all that the kernel's package needs only the kernel itself.
    fn boot_packages(&self, plan: &Plan, ground: &Ground) -> Result<Vec<Package>> {
        let kernel = format!("{}/{}", plan.kernel.package, plan.kernel.suite);
        let wanted: Vec<String> = std::iter::once(kernel).chain(plan.packages.iter().cloned()).collect();
        let mut packages = self.archive.resolve(ground, &wanted)?;
        packages.retain(|package| {
            plan.packages.contains(&package.name) || plan.kernel.parts.iter().any(|part| package.name.starts_with(part))
        });
        Ok(packages)
    }

    fn root_packages(&self, packages: &[String], ground: &Ground) -> Result<Vec<Package>> {
        let wanted: Vec<String> = std::iter::once("?essential".to_owned()).chain(packages.iter().cloned()).collect();
        self.archive.resolve(ground, &wanted)
    }
}

/// `root` is the architecture of a root that is to be installed.
fn need_tools(root: Option<Arch>) -> Result<()> {
    // Where there is no apt at all, what to install is not the answer: the archive says that better.
    if !tool::is_installed("apt-get") {
        return Ok(());
    }
    tool::need(&["dpkg-deb", "xz"])?;
    root.map_or(Ok(()), bootstrap::need_tools)
}

fn finish(
    subject: Subject,
    kernel: Option<KernelFacts>,
    files: &[&str],
    packages: Vec<Package>,
    partial: &Path,
) -> Result<()> {
    image::remove(&partial.join("work"))?;
    let outputs = files.iter().map(|file| {
        image::sync(&partial.join(file))?;
        Output::of(partial, file)
    });
    let outputs = outputs.collect::<Result<_>>()?;
    let versions = packages.into_iter().map(|package| PackageVersion { name: package.name, version: package.version });
    let mut versions: Vec<PackageVersion> = versions.collect();
    versions.sort();
    versions.dedup();
    Manifest::new(subject, kernel, versions, outputs).write(partial)?;
    image::sync(&partial.join(crate::manifest::FILE))?;
    image::sync(partial)
}

#[cfg(test)]
mod tests;
