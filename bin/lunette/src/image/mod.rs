//! `lunette image`: guest images, built and kept.

pub(crate) mod bar;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use lunette_image::{Arch, Builder, Cache, ImageName, Kernel, Recipe, Stored, Target};

use bar::Bar;

/// The image's words.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Build an image, unless it is there already
    ///
    /// Packages come from the Debian mirror of this machine's apt configuration. An interrupted build keeps what it
    /// has fetched. Prints the image's folder.
    Build(Build),
    /// Show the images that are there
    List,
    /// Remove images
    Remove(Remove),
    /// Print where an image is, or would be
    Path(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    #[command(flatten)]
    which: Which,
    /// A Debian mirror other than that of the apt configuration
    #[arg(long, value_name = "ADDRESS", env = "LUNETTE_DEBIAN_MIRROR")]
    mirror: Option<String>,
    /// Build it anew, with today's packages
    #[arg(long)]
    fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Which image
    #[arg(value_enum)]
    image: Name,
    /// For which machine; this one's by default
    #[arg(long, value_parser = parse_arch)]
    arch: Option<Arch>,
    /// With which of Debian's kernels
    #[arg(long, value_enum, default_value_t = KernelName::Backports)]
    kernel: KernelName,
    /// A folder with a recipe.toml and its files, instead of the built-in one
    #[arg(long, value_name = "FOLDER")]
    recipe: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Keys of images, or as much of their beginning as tells them apart
    #[arg(required_unless_present_any = ["all", "packages"], conflicts_with = "all")]
    keys: Vec<String>,
    /// All images
    #[arg(long)]
    all: bool,
    /// Fetched packages and package lists, which only another build needs
    #[arg(long)]
    packages: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Kernel and initramfs, for tests: up in seconds, root's shell open to the host
    Test,
    /// Debian with systemd, for desktops
    Desktop,
}

/// One of Debian's kernels.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KernelName {
    /// The newest: it paces page flips
    Backports,
    /// That of the release
    Stable,
}

impl From<KernelName> for Kernel {
    fn from(name: KernelName) -> Self {
        match name {
            KernelName::Backports => Self::Backports,
            KernelName::Stable => Self::Stable,
        }
    }
}

impl Image {
    /// Does what the arguments ask for; returns what to print.
    pub(crate) fn run(&self) -> Result<String> {
        match self {
            Self::Build(build) => build.run(),
            Self::List => list(&Cache::for_user()?),
            Self::Remove(remove) => remove.run(&Cache::for_user()?),
            Self::Path(which) => {
                let folder = Builder::new(Cache::for_user()?, which.recipe()?).folder(which.target()?)?;
                Ok(format!("{}\n", folder.display()))
            }
        }
    }
}

impl Build {
    fn run(&self) -> Result<String> {
        let target = self.which.target()?;
        let mut builder = Builder::new(Cache::for_user()?, self.which.recipe()?);
        if let Some(mirror) = &self.mirror {
            builder = builder.with_mirror(mirror);
        }
        let mut bar = Bar::new();
        let mut watch = |progress| bar.show(progress);
        let image = if self.fresh { builder.fresh(target, &mut watch) } else { builder.image(target, &mut watch) };
        bar.end();
        let image = image.with_context(|| format!("cannot build {target}"))?;
        Ok(format!("{}\n", image.folder.display()))
    }
}

impl Which {
    fn target(&self) -> Result<Target> {
        let image = match self.image {
            Name::Test => ImageName::Test,
            Name::Desktop => ImageName::Desktop,
        };
        let arch = self.arch.map_or_else(Arch::of_this_machine, Ok)?;
        Ok(Target { image, arch, kernel: self.kernel.into() })
    }

    fn recipe(&self) -> Result<Recipe> {
        Ok(self.recipe.as_deref().map_or_else(Recipe::embedded, Recipe::in_folder)?)
    }
}

impl Remove {
    fn run(&self, cache: &Cache) -> Result<String> {
        let stored = cache.list()?;
        let mut chosen: Vec<&Stored> = if self.all { stored.iter().collect() } else { Vec::new() };
        for key in &self.keys {
            chosen.push(one_of(&stored, key)?);
        }
        let mut said = String::new();
        for stored in chosen {
            cache.remove(&stored.key)?;
            writeln!(said, "removed {}", stored.manifest.target)?;
        }
        if self.packages {
            cache.remove_packages()?;
            writeln!(said, "removed fetched packages")?;
        }
        Ok(said)
    }
}

fn one_of<'a>(stored: &'a [Stored], key: &str) -> Result<&'a Stored> {
    let mut found = stored.iter().filter(|stored| stored.key.starts_with(key));
    match (found.next(), found.next()) {
        (Some(stored), None) => Ok(stored),
        (None, _) => bail!("no image {key:?}: `lunette image list` shows what there is"),
        _ => bail!("{key:?} is the beginning of several images: give more of it"),
    }
}

fn list(cache: &Cache) -> Result<String> {
    let stored = cache.list()?;
    if stored.is_empty() {
        return Ok(format!("no image in {}\n", cache.images().display()));
    }
    let mut text = format!("{:<14}{:<10}{:<8}{:<26}{:>8}\n", "KEY", "IMAGE", "ARCH", "KERNEL", "MIB");
    for Stored { key, manifest, .. } in &stored {
        let (target, mib) = (manifest.target, manifest.size() >> 20);
        let key = key.get(..12).unwrap_or(key);
        writeln!(text, "{key:<14}{:<10}{:<8}{:<26}{mib:>8}", target.image, target.arch, manifest.kernel_version)?;
    }
    Ok(text)
}

fn parse_arch(text: &str) -> Result<Arch, String> {
    text.parse().map_err(|error: lunette_image::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cache_says_where_it_looked() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::in_folder(folder.path());
        assert!(list(&cache).unwrap().contains(folder.path().to_str().unwrap()));
        let remove = Remove { keys: vec!["abc".to_owned()], all: false, packages: false };
        assert!(remove.run(&cache).unwrap_err().to_string().contains("lunette image list"));
        let all = Remove { keys: Vec::new(), all: true, packages: true };
        assert_eq!(all.run(&cache).unwrap(), "removed fetched packages\n");
    }
}
