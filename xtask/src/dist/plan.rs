//! `packaging/packages.toml`: what goes where.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::target::Arch;

const FILE: &str = "packaging/packages.toml";
/// Of the line under a package's name.
const SUMMARY_LIMIT: usize = 80;

/// All packages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) maintainer: String,
    pub(super) copyright: String,
    pub(super) licence: String,
    #[serde(rename = "package")]
    pub(super) packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) section: String,
    pub(super) summary: String,
    /// Paragraphs.
    pub(super) description: String,
    pub(super) depends: Vec<String>,
    #[serde(default)]
    pub(super) recommends: Vec<String>,
    #[serde(default)]
    pub(super) suggests: Vec<String>,
    /// Where its programs are.
    #[serde(default)]
    pub(super) folder: String,
    #[serde(default)]
    pub(super) programs: Vec<String>,
    /// Those of them that people call: they are in /usr/bin and have a manual page.
    #[serde(default)]
    pub(super) commands: Vec<String>,
    /// Whether shells complete the first command.
    #[serde(default)]
    pub(super) completions: bool,
    /// Where GStreamer's plugin goes.
    pub(super) plugin: Option<String>,
    /// Services.
    #[serde(default)]
    pub(super) units: Vec<String>,
    /// Whether they run as soon as they are installed.
    #[serde(default)]
    pub(super) start: bool,
    #[serde(default, rename = "file")]
    pub(super) files: Vec<File>,
}

/// A file of the repository in a package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) from: String,
    pub(super) to: String,
}

impl Plan {
    /// That of the repository, for a processor.
    pub(super) fn read(root: &Path, arch: Arch) -> anyhow::Result<Self> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text, arch).with_context(|| format!("{FILE} is wrong"))
    }

    fn parse(text: &str, arch: Arch) -> anyhow::Result<Self> {
        let text = text.replace("{triplet}", &arch.triplet()).replace("{qemu}", arch.qemu());
        let plan: Self = toml::from_str(&text)?;
        plan.packages.iter().try_for_each(Package::validate)?;
        Ok(plan)
    }
}

impl Package {
    fn validate(&self) -> anyhow::Result<()> {
        let Self { name, summary, .. } = self;
        ensure!(summary.len() <= SUMMARY_LIMIT, "the summary of {name} is longer than {SUMMARY_LIMIT}");
        for command in &self.commands {
            ensure!(self.programs.contains(command), "{name} has the command {command}, which is none of its programs");
        }
        for unit in &self.units {
            let path = format!("/usr/lib/systemd/system/{unit}");
            ensure!(self.files.iter().any(|file| file.to == path), "{name} has the unit {unit} without its file");
        }
        Ok(())
    }

    /// Files that administrators change.
    pub(super) fn configuration(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.to.as_str()).filter(|path| path.starts_with("/etc/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn the_plan_of_the_repository_names_files_that_are_there() {
        for arch in [Arch::Amd64, Arch::Arm64] {
            let plan = Plan::read(root(), arch).unwrap();
            for file in plan.packages.iter().flat_map(|package| &package.files) {
                assert!(root().join(&file.from).is_file(), "{}", file.from);
            }
        }
    }

    #[test]
    fn every_program_of_the_workspace_is_in_a_package() {
        let plan = Plan::read(root(), Arch::Amd64).unwrap();
        for folder in std::fs::read_dir(root().join("bin")).unwrap() {
            let name = folder.unwrap().file_name().into_string().unwrap();
            let has = |package: &Package| package.programs.contains(&name);
            assert!(plan.packages.iter().any(has), "{name} is in no package");
        }
    }

    #[test]
    fn a_processor_has_its_own_qemu_and_library_folder() {
        let plan = Plan::read(root(), Arch::Arm64).unwrap();
        let (lunette, element) = (&plan.packages[0], &plan.packages[2]);
        assert!(lunette.depends.iter().any(|depends| depends.starts_with("qemu-system-arm")));
        assert_eq!(element.plugin.as_deref(), Some("/usr/lib/aarch64-linux-gnu/gstreamer-1.0"));
    }

    #[test]
    fn a_command_without_program_and_a_unit_without_file_are_refused() {
        let package = Plan::read(root(), Arch::Amd64).unwrap().packages.swap_remove(1);
        let wrong = |change: fn(&mut Package)| {
            let mut package = package.clone();
            change(&mut package);
            package.validate().unwrap_err().to_string()
        };
        assert!(wrong(|package| package.commands.push("ghost".to_owned())).contains("ghost"));
        assert!(wrong(|package| package.units.push("ghost.service".to_owned())).contains("ghost.service"));
        assert!(wrong(|package| package.summary = "x".repeat(81)).contains("summary"));
    }
}
