//! `lunette image`: guest images, built and kept.

pub(crate) mod bar;
pub(crate) mod what;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use lunette_image::{Arch, Builder, Cache, ImageName, Kernel, Recipe, Stored, Subject, Target};

use bar::Bar;
use what::{Profile, What};

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
    /// `test`, `desktop`, the name of a profile of desktops, or the path of a profile's file
    #[arg(required_unless_present = "profile")]
    what: Option<What>,
    /// The name of a profile, or the path of its file
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "what")]
    profile: Option<String>,
    /// For which machine; this one's by default
    #[arg(long, value_parser = parse_arch)]
    arch: Option<Arch>,
    /// With which of Debian's kernels; profiles have none
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
                let builder = Builder::new(Cache::for_user()?, which.recipe()?);
                let folder = match which.what() {
                    What::Image(image) => builder.folder(which.target(image)?)?,
                    What::Profile(profile) => builder.root_folder(&profile.read(&which.recipe()?)?, which.arch()?)?,
                };
                Ok(format!("{}\n", folder.display()))
            }
        }
    }
}

impl Build {
    fn run(&self) -> Result<String> {
        let which = &self.which;
        let mut builder = Builder::new(Cache::for_user()?, which.recipe()?);
        if let Some(mirror) = &self.mirror {
            builder = builder.with_mirror(mirror);
        }
        let mut bar = Bar::new();
        let folder = match which.what() {
            What::Image(image) => self.image(&builder, which.target(image)?, &mut bar),
            What::Profile(profile) => self.root(&builder, &profile, &mut bar),
        };
        bar.end();
        Ok(format!("{}\n", folder?.display()))
    }

    fn image(&self, builder: &Builder, target: Target, bar: &mut Bar) -> Result<PathBuf> {
        let mut watch = |progress| bar.show(progress);
        let image = if self.fresh { builder.fresh(target, &mut watch) } else { builder.image(target, &mut watch) };
        Ok(image.with_context(|| format!("cannot build {target}"))?.folder)
    }

    fn root(&self, builder: &Builder, profile: &Profile, bar: &mut Bar) -> Result<PathBuf> {
        let (file, arch) = (profile.read(&self.which.recipe()?)?, self.which.arch()?);
        let mut watch = |progress| bar.show(progress);
        let root = if self.fresh {
            builder.fresh_root(&file, arch, &mut watch)
        } else {
            builder.root(&file, arch, &mut watch)
        };
        Ok(root.with_context(|| format!("cannot build the root of {}", file.name()))?.folder)
    }
}

impl Which {
    fn what(&self) -> What {
        match (&self.what, &self.profile) {
            (Some(what), _) => what.clone(),
            (None, profile) => What::Profile(Profile(profile.clone().unwrap_or_default())),
        }
    }

    fn arch(&self) -> Result<Arch> {
        Ok(self.arch.map_or_else(Arch::of_this_machine, Ok)?)
    }

    fn target(&self, image: ImageName) -> Result<Target> {
        Ok(Target { image, arch: self.arch()?, kernel: self.kernel.into() })
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
            writeln!(said, "removed {}", stored.manifest.subject)?;
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
    let mut text = row(["KEY", "IMAGE", "ARCH", "KERNEL", "MIB"]);
    for Stored { key, manifest, .. } in &stored {
        let (image, arch) = match &manifest.subject {
            Subject::Machine(target) => (target.image.as_str(), target.arch),
            Subject::Root(target) => (target.profile.as_str(), target.arch),
        };
        let kernel = manifest.kernel.as_ref().map_or("-", |kernel| kernel.version.as_str());
        let mib = (manifest.size() >> 20).to_string();
        text.push_str(&row([key.get(..12).unwrap_or(key), image, arch.as_str(), kernel, &mib]));
    }
    Ok(text)
}

fn row([key, image, arch, kernel, mib]: [&str; 5]) -> String {
    format!("{key:<14}{image:<14}{arch:<8}{kernel:<26}{mib:>8}\n")
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
