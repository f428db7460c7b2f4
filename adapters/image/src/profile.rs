//! Profiles of desktops: what their roots are built from.
//!
//! A profile is one file. Its run-time part is [`lunette_desktop::Profile`]; `[root]` is read here, and so is
//! `profiles/common.toml`, which says what every root has and what every root of a kind of compositor has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lunette_desktop::{CompositorKind, Profile};
use serde::Deserialize;

use crate::error::io_error;
use crate::files::{EMBEDDED, Files};
use crate::recipe::FilePart;
use crate::{Error, Recipe, Result};

/// The file of what roots have in common, beside the profiles.
const COMMON: &str = "common.toml";
/// What a disk's serial leaves for a name: 20 bytes in all, `lunette-` before it.
const LONGEST_NAME: usize = 12;

/// One profile, read from its file.
#[derive(Debug, Clone)]
pub struct ProfileFile {
    /// What counts at run time.
    pub profile: Profile,
    pub(crate) text: String,
    pub(crate) root: RootPart,
    pub(crate) files: Files,
}

/// What a root is built from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RootPart {
    pub(crate) packages: Vec<String>,
    pub(crate) locales: Vec<String>,
    pub(crate) leave_out: Vec<String>,
    pub(crate) folders: Vec<String>,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) file: Vec<FilePart>,
}

#[derive(Deserialize)]
struct BuildTimePart {
    #[serde(default)]
    root: RootPart,
}

impl ProfileFile {
    /// Reads a profile of one's own; the files that it names are beside it.
    ///
    /// # Errors
    /// When it cannot be read, or is no profile.
    pub fn in_file(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(io_error("read", path))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&path.display().to_string(), text, Files::Folder(folder))
    }

    fn parse(place: &str, text: String, files: Files) -> Result<Self> {
        let wrong = |why: String| Error::Profile { place: place.to_owned(), why };
        let profile = Profile::parse(&text).map_err(|error| wrong(words(&error)))?;
        let part: BuildTimePart = toml::from_str(&text).map_err(|error| wrong(words(&error)))?;
        let name = profile.name.as_str();
        if name.len() > LONGEST_NAME {
            return Err(wrong(format!("the name {name} is longer than the {LONGEST_NAME} bytes of a disk's serial")));
        }
        Ok(Self { profile, text, root: part.root, files })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.profile.name.as_str()
    }
}

impl Recipe {
    /// A profile that is beside the recipe, by name.
    ///
    /// # Errors
    /// When there is none of this name, or it is no profile.
    pub fn profile(&self, name: &str) -> Result<ProfileFile> {
        let known = self.profile_names()?;
        if !known.iter().any(|other| other == name) {
            return Err(Error::NoProfile { name: name.to_owned(), known: known.join(", ") });
        }
        let files = self.profiles();
        let file = format!("{name}.toml");
        let profile = ProfileFile::parse(&file, files.read_text(&file)?, files)?;
        if profile.name() == name {
            return Ok(profile);
        }
        Err(Error::Profile { place: file, why: format!("it calls itself {}", profile.name()) })
    }

    /// The names of the profiles that are beside the recipe, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn profile_names(&self) -> Result<Vec<String>> {
        let files: Vec<PathBuf> = match self.profiles() {
            Files::Embedded(folder) => {
                EMBEDDED.iter().filter_map(|(name, _)| name.strip_prefix(folder).map(PathBuf::from)).collect()
            }
            Files::Folder(folder) => {
                let entries = fs::read_dir(&folder).map_err(io_error("list", &folder))?;
                entries.flatten().map(|entry| entry.file_name().into()).collect()
            }
        };
        let names = files.iter().filter_map(|file| file.to_str()?.strip_suffix(".toml"));
        let mut names: Vec<String> =
            names.filter(|name| !name.contains('/') && !COMMON.starts_with(name)).map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// What a root has besides its profile's own part: for all, then for this kind.
    pub(crate) fn common_parts(&self, kind: CompositorKind) -> Result<[RootPart; 2]> {
        let text = self.profiles().read_text(COMMON)?;
        let parts: std::result::Result<BTreeMap<String, RootPart>, _> = toml::from_str(&text);
        let mut parts = parts.map_err(|error| Error::Profile { place: COMMON.to_owned(), why: words(&error) })?;
        let mut part = |name: &str| parts.remove(name).unwrap_or_default();
        Ok([part("all"), part(kind_name(kind))])
    }
}

fn kind_name(kind: CompositorKind) -> &'static str {
    match kind {
        CompositorKind::Weston => "weston",
        CompositorKind::Wlroots => "wlroots",
        CompositorKind::Mutter => "mutter",
        CompositorKind::Headless => "headless",
    }
}

fn words(error: &impl ToString) -> String {
    error.to_string().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use lunette_desktop::Resize;

    use super::*;

    const LEAST: &str = "name = 'mine'\nsummary = ''\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n";

    fn own(text: &str) -> Result<ProfileFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        fs::write(&path, text).unwrap();
        ProfileFile::in_file(&path)
    }

    #[test]
    fn every_shipped_profile_is_one_and_starts_through_the_session() {
        let recipe = Recipe::embedded().unwrap();
        let names = recipe.profile_names().unwrap();
        assert_eq!(names, ["gnome", "light", "sway", "weston"]);
        for name in names {
            let profile = recipe.profile(&name).unwrap();
            let command = &profile.profile.compositor.command;
            assert_eq!(command[..4], ["/usr/bin/tini", "-g", "--", "/usr/lib/lunette/session"], "{name}");
            assert!(!profile.root.packages.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_shipped_profiles_start_is_in_their_roots() {
        let recipe = Recipe::embedded().unwrap();
        for name in recipe.profile_names().unwrap() {
            let profile = recipe.profile(&name).unwrap();
            let own = [profile.root.clone()];
            let common = recipe.common_parts(profile.profile.compositor.kind).unwrap();
            let files: Vec<&str> =
                common.iter().chain(&own).flat_map(|part| &part.file).map(|file| file.path.as_str()).collect();
            let resize = match &profile.profile.resize {
                Resize::Command { command } => command.as_slice(),
                _ => &[],
            };
            let words = profile.profile.compositor.command.iter().chain(resize);
            for word in words.filter(|word| word.contains("/lunette/")) {
                assert!(files.contains(&word.as_str()), "{name} has no {word}");
            }
        }
    }

    #[test]
    fn a_profile_of_ones_own_is_one_file() {
        let profile = own(&format!("{LEAST}[root]\npackages = ['weston']\n")).unwrap();
        assert_eq!((profile.name(), profile.root.packages.as_slice()), ("mine", ["weston".to_owned()].as_slice()));
    }

    #[test]
    fn mistakes_are_named_with_the_file() {
        let error = |text: &str| own(text).unwrap_err().to_string();
        assert!(error("name = ''").contains("mine.toml"));
        assert!(error(&format!("{LEAST}[root]\npackage = ['weston']\n")).contains("`package`"));
        assert!(error(&LEAST.replace("mine", "longer-than-12")).contains("12 bytes"));
        let error = Recipe::embedded().unwrap().profile("kde").unwrap_err().to_string();
        assert!(error.contains("gnome, light, sway, weston"), "{error}");
    }
}
