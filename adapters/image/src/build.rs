//! From a recipe to an image, or from the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::apt::{Apt, Archive, Ground, Package};
use crate::error::io_error;
use crate::initrd::{self, Kernel};
use crate::manifest::{Manifest, Output, PackageVersion};
use crate::plan::Plan;
use crate::progress::{Phase, Progress, Watch};
use crate::unpack::unpack;
use crate::{Cache, Image, Recipe, Result, Target, bootstrap, image, tool};

/// The longest that another build may take.
const LOCK_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

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
        Ok(self.cache.open(&plan.key()).and_then(Result::ok))
    }

    /// The image: that of the cache, or a new one. Touches no network in the first case.
    ///
    /// # Errors
    /// When it cannot be built; the message says what to do about it. What was fetched stays for the next attempt.
    pub fn image(&self, target: Target, watch: &mut dyn FnMut(Progress)) -> Result<Image> {
        let plan = Plan::new(&self.recipe, target)?;
        let key = plan.key();
        if let Some(image) = self.unharmed(&key) {
            return Ok(image);
        }
        let _lock = self.cache.lock(LOCK_LIMIT, watch)?;
        // Somebody else may have built it meanwhile.
        if let Some(image) = self.unharmed(&key) {
            return Ok(image);
        }
        self.replace(&plan, &key, watch)
    }

    /// A new image from the packages of today, in place of the one in the cache.
    ///
    /// # Errors
    /// As for [`Builder::image`].
    pub fn fresh(&self, target: Target, watch: &mut dyn FnMut(Progress)) -> Result<Image> {
        let plan = Plan::new(&self.recipe, target)?;
        let _lock = self.cache.lock(LOCK_LIMIT, watch)?;
        self.replace(&plan, &plan.key(), watch)
    }

    /// The caller holds the lock.
    fn replace(&self, plan: &Plan, key: &str, watch: Watch<'_>) -> Result<Image> {
        let place = self.cache.folder(key);
        let partial = place.with_extension("partial");
        self.cache.sweep()?;
        self.build(plan, &partial, watch)?;
        image::remove(&place)?;
        fs::rename(&partial, &place).map_err(io_error("move an image to", &place))?;
        image::sync(&self.cache.images())?;
        Image::open(&place)
    }

    fn unharmed(&self, key: &str) -> Option<Image> {
        match self.cache.open(key)? {
            Ok(image) => Some(image),
            Err(error) => {
                let reason: &dyn std::error::Error = &error;
                tracing::warn!(error = reason, "an image in the cache is damaged and is built anew");
                None
            }
        }
    }

    fn build(&self, plan: &Plan, partial: &Path, watch: Watch<'_>) -> Result<()> {
        need_tools(plan)?;
        let ground = self.cache.ground(plan);
        let work = partial.join("work");
        fs::create_dir_all(&work).map_err(io_error("make", &work))?;
        watch(Progress { phase: Phase::Resolve, percent: 0 });
        self.archive.refresh(&ground)?;
        let boot = self.boot_packages(plan, &ground)?;
        let root = self.root_packages(plan, &ground)?;
        let all: Vec<Package> = boot.iter().chain(&root).cloned().collect();
        watch(Progress { phase: Phase::Fetch, percent: 0 });
        self.archive.fetch(&ground, &all, watch)?;

        let unpacked = work.join("unpacked");
        unpack(&ground, &boot, &unpacked, watch)?;
        let kernel = Kernel::find(&unpacked, plan)?;
        watch(Progress { phase: Phase::Initrd, percent: 0 });
        kernel.copy(&partial.join(image::KERNEL))?;
        initrd::pack(plan, &unpacked, &kernel, &partial.join(image::INITRD))?;
        if let Some(disk) = &plan.disk {
            let root = bootstrap::Root { plan, disk, ground: &ground, packages: &root, kernel: &kernel, work: &work };
            root.pack(&partial.join(image::DISK), watch)?;
        }
        watch(Progress { phase: Phase::Finish, percent: 0 });
        image::remove(&work)?;
        finish(plan, partial, kernel.modules.kernel(), all)
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

    fn root_packages(&self, plan: &Plan, ground: &Ground) -> Result<Vec<Package>> {
        let Some(disk) = &plan.disk else { return Ok(Vec::new()) };
        let wanted: Vec<String> =
            std::iter::once("?essential".to_owned()).chain(disk.packages.iter().cloned()).collect();
        self.archive.resolve(ground, &wanted)
    }
}

fn need_tools(plan: &Plan) -> Result<()> {
    // Where there is no apt at all, what to install is not the answer: the archive says that better.
    if !tool::is_installed("apt-get") {
        return Ok(());
    }
    tool::need(&["dpkg-deb", "xz"])?;
    if plan.disk.is_some() { bootstrap::need_tools(plan.target.arch) } else { Ok(()) }
}

fn finish(plan: &Plan, partial: &Path, kernel: &str, packages: Vec<Package>) -> Result<()> {
    let files = [Some(image::KERNEL), Some(image::INITRD), plan.disk.as_ref().map(|_| image::DISK)];
    let outputs = files.into_iter().flatten().map(|file| {
        image::sync(&partial.join(file))?;
        Output::of(partial, file)
    });
    let outputs = outputs.collect::<Result<_>>()?;
    let versions = packages.into_iter().map(|package| PackageVersion { name: package.name, version: package.version });
    let mut versions: Vec<PackageVersion> = versions.collect();
    versions.sort();
    versions.dedup();
    Manifest::new(plan.target, kernel, &plan.command_line, versions, outputs).write(partial)?;
    image::sync(&partial.join(crate::manifest::FILE))?;
    image::sync(partial)
}

#[cfg(test)]
mod tests;
