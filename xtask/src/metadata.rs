//! The part of `cargo metadata` that the checks read.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Deserializer};

use crate::process;

/// A workspace and the graph it resolves to.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// All packages of the graph, ours included.
    pub(crate) packages: Vec<Package>,
    workspace_members: Vec<String>,
    /// Absent when read without dependencies.
    resolve: Option<Resolve>,
    /// Where the root `Cargo.toml` is.
    pub(crate) workspace_root: PathBuf,
    /// Where cargo builds.
    pub(crate) target_directory: PathBuf,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) manifest_path: PathBuf,
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

/// One declared dependency, whether or not a feature or platform switches it on.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The key in the manifest, where it differs from the name.
    pub(crate) rename: Option<String>,
    #[serde(default, deserialize_with = "null_is_normal")]
    pub(crate) kind: DependencyKind,
    /// Folder of a path dependency.
    pub(crate) path: Option<PathBuf>,
}

/// Which table of the manifest declares a dependency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    #[default]
    Normal,
    Build,
    Dev,
}

impl DependencyKind {
    /// As a person calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Normal => "dependency",
            Self::Build => "build-dependency",
            Self::Dev => "dev-dependency",
        }
    }
}

fn null_is_normal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DependencyKind, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// One thing that a package builds.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Metadata {
    /// The workspace around the current directory, with its whole graph.
    pub(crate) fn of_workspace() -> anyhow::Result<Self> {
        Self::parse(&process::read(process::cargo().args(["metadata", "--format-version", "1"]))?)
    }

    /// The packages of another workspace, without dependencies.
    pub(crate) fn of_manifest(manifest: &Path) -> anyhow::Result<Self> {
        let mut command = process::cargo();
        command.args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"]).arg(manifest);
        Self::parse(&process::read(&mut command)?)
    }

    pub(crate) fn parse(json: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(json).context("cannot read the output of `cargo metadata`")
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Our own packages below one top-level folder.
    pub(crate) fn members_in(&self, folder: &'static str) -> impl Iterator<Item = &Package> {
        self.members().filter(move |package| self.folder(package) == Some(folder))
    }

    /// The top-level folder that one of our packages lives in.
    pub(crate) fn folder<'a>(&self, package: &'a Package) -> Option<&'a str> {
        let inside = package.manifest_path.strip_prefix(&self.workspace_root).ok()?;
        inside.iter().next()?.to_str()
    }

    /// How the graph comes to `package`: the shortest chain of names, starting at one of ours.
    pub(crate) fn chain_to<'a>(&'a self, package: &'a Package) -> Vec<&'a str> {
        let mut chains: Vec<Vec<&str>> = self.workspace_members.iter().map(|id| vec![id.as_str()]).collect();
        let mut seen: std::collections::HashSet<&str> = self.workspace_members.iter().map(String::as_str).collect();
        let mut next = 0;
        while let Some(chain) = chains.get(next).cloned() {
            next += 1;
            let Some(&end) = chain.last() else { continue };
            if end == package.id {
                return chain.iter().map(|id| self.name_of(id)).collect();
            }
            for id in self.dependencies_of(end).filter(|id| seen.insert(id)) {
                chains.push(chain.iter().copied().chain([id]).collect());
            }
        }
        vec![&package.name]
    }

    fn dependencies_of<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a str> {
        let node = self.resolve.iter().flat_map(|resolve| &resolve.nodes).find(|node| node.id == id);
        node.into_iter().flat_map(|node| node.dependencies.iter().map(String::as_str))
    }

    fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.packages.iter().find(|package| package.id == id).map_or(id, |package| &package.name)
    }
}

impl Package {
    /// Names of the programs that this package builds.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin")).map(|t| t.name.as_str())
    }
}
