//! Which package may depend on which.

use std::fs;
use std::path::{Path, PathBuf};

use super::Complaint;
use crate::metadata::{Dependency, Metadata, Package};

/// Crates that do IO, spawn or wait; in `core/` not even tests use them, because tests there run on virtual time.
const NOT_IN_CORE: [&str; 6] = ["tokio", "libc", "mio", "rustix", "socket2", "libloading"];

/// The layers, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Core,
    Sys,
    Parts,
    Programs,
    Tests,
}

impl Layer {
    fn of_folder(folder: &str) -> Option<Self> {
        match folder {
            "core" => Some(Self::Core),
            "sys" => Some(Self::Sys),
            "adapters" | "drivers" => Some(Self::Parts),
            "bin" | "ffi" | "xtask" => Some(Self::Programs),
            "tests" => Some(Self::Tests),
            _ => None,
        }
    }
}

/// All edges that go up, all impure dependencies of `core/`, and all packages in a folder without a layer.
pub(super) fn complaints(metadata: &Metadata) -> Vec<Complaint> {
    metadata.members().flat_map(|package| complaints_about(metadata, package)).collect()
}

fn complaints_about(metadata: &Metadata, package: &Package) -> Vec<Complaint> {
    let folder = metadata.folder(package).unwrap_or_default();
    let Some(layer) = Layer::of_folder(folder) else {
        let why = format!("{} lives in `{folder}/`, which is in no layer; add it to `Layer::of_folder`", package.name);
        return vec![Complaint { file: manifest(metadata, package), line: 1, why }];
    };
    let complain = |dependency: &Dependency| {
        let why = upward(metadata, package, layer, dependency).or_else(|| impure(package, layer, dependency))?;
        let line = line_of(&package.manifest_path, dependency);
        Some(Complaint { file: manifest(metadata, package), line, why })
    };
    package.dependencies.iter().filter_map(complain).collect()
}

fn upward(metadata: &Metadata, from: &Package, layer: Layer, dependency: &Dependency) -> Option<String> {
    let path = dependency.path.as_ref()?;
    let to = metadata.members().find(|member| member.manifest_path.parent() == Some(path))?;
    let (lower, upper) = (metadata.folder(from)?, metadata.folder(to)?);
    // A folder without a layer has its own complaint.
    if Layer::of_folder(upper)? <= layer {
        return None;
    }
    let kind = dependency.kind.name();
    Some(format!("{lower}/ → {upper}/: {kind} of {} on {} goes up; see `cargo xtask help layers`", from.name, to.name))
}

fn impure(from: &Package, layer: Layer, dependency: &Dependency) -> Option<String> {
    let Dependency { name, kind, .. } = dependency;
    let banned = layer == Layer::Core && NOT_IN_CORE.contains(&name.as_str());
    banned.then(|| {
        format!("{} of {} on {name}: core/ is pure, a driver or an adapter does the IO", kind.name(), from.name)
    })
}

fn manifest(metadata: &Metadata, package: &Package) -> PathBuf {
    let file = &package.manifest_path;
    file.strip_prefix(&metadata.workspace_root).unwrap_or(file).to_owned()
}

/// The line that declares `dependency`; 1 when it cannot be found.
fn line_of(manifest: &Path, dependency: &Dependency) -> usize {
    let key = dependency.rename.as_ref().unwrap_or(&dependency.name);
    let declares = |line: &str| {
        let after = line.trim_start().strip_prefix(key.as_str());
        after.is_some_and(|after| after.trim_start().starts_with(['.', '=']))
            || line.trim_end().ends_with(&format!("dependencies.{key}]"))
    };
    let text = fs::read_to_string(manifest).unwrap_or_default();
    text.lines().position(declares).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{complaints, line_of};
    use crate::metadata::{Dependency, DependencyKind, Metadata};

    fn package(path: &str, dependencies: &[Value]) -> Value {
        json!({
            "id": path, "name": path.replace('/', "-"), "manifest_path": format!("/w/{path}/Cargo.toml"),
            "license": null, "dependencies": dependencies,
        })
    }

    fn ours(path: &str, kind: Option<&str>) -> Value {
        json!({ "name": path.replace('/', "-"), "rename": null, "kind": kind, "path": format!("/w/{path}") })
    }

    fn theirs(name: &str) -> Value {
        json!({ "name": name, "rename": null, "kind": null })
    }

    fn whys(packages: &[Value]) -> Vec<String> {
        let ids: Vec<&Value> = packages.iter().map(|package| &package["id"]).collect();
        let workspace = json!({
            "packages": packages, "workspace_members": ids, "resolve": null,
            "workspace_root": "/w", "target_directory": "/w/target",
        });
        let metadata = Metadata::parse(workspace.to_string().as_bytes()).unwrap();
        complaints(&metadata).into_iter().map(|complaint| complaint.to_string()).collect()
    }

    /// What one edge from `from` to `to` is told.
    fn edge(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        whys(&[package(from, &[ours(to, kind)]), package(to, &[])])
    }

    #[test]
    fn edges_to_the_same_or_a_lower_layer_pass() {
        for (from, to) in [
            ("bin/a", "drivers/b"),
            ("bin/a", "bin/b"),
            ("ffi/a", "adapters/b"),
            ("drivers/a", "adapters/b"),
            ("adapters/a", "drivers/b"),
            ("adapters/a", "sys/b"),
            ("sys/a", "core/b"),
            ("core/a", "core/b"),
            ("tests/a", "bin/b"),
        ] {
            assert_eq!(edge(from, to, None), Vec::<String>::new(), "{from} → {to}");
        }
    }

    #[test]
    fn upward_edges_fail_whatever_their_kind() {
        for (from, to) in [
            ("core/a", "sys/b"),
            ("core/a", "adapters/b"),
            ("sys/a", "adapters/b"),
            ("adapters/a", "bin/b"),
            ("drivers/a", "xtask"),
            ("bin/a", "tests/b"),
        ] {
            for kind in [None, Some("build"), Some("dev")] {
                assert_eq!(edge(from, to, kind).len(), 1, "{from} → {to}, {kind:?}");
            }
        }
    }

    #[test]
    fn an_upward_edge_is_named_with_its_manifest_and_kind() {
        let expected = "core/a/Cargo.toml:1: core/ → sys/: dev-dependency of core-a on sys-b goes up; \
            see `cargo xtask help layers`";
        assert_eq!(edge("core/a", "sys/b", Some("dev")), [expected]);
    }

    #[test]
    fn tokio_and_libc_are_refused_in_core_only() {
        for name in ["tokio", "libc"] {
            assert_eq!(whys(&[package("core/a", &[theirs(name)])]).len(), 1, "{name} in core");
            assert!(whys(&[package("drivers/a", &[theirs(name)])]).is_empty(), "{name} in drivers");
        }
        assert!(whys(&[package("core/a", &[theirs("bytes")])]).is_empty());
    }

    #[test]
    fn a_folder_without_layer_is_refused() {
        let expected = "misc/a/Cargo.toml:1: misc-a lives in `misc/`, which is in no layer; \
            add it to `Layer::of_folder`";
        assert_eq!(whys(&[package("misc/a", &[])]), [expected]);
    }

    #[test]
    fn the_declaring_line_is_found_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        std::fs::write(&manifest, "[dependencies]\ntokio-vsock = \"1\"\ntokio.workspace = true\n").unwrap();
        let line = |name: &str, rename: Option<&str>| {
            let (name, rename) = (name.to_owned(), rename.map(str::to_owned));
            line_of(&manifest, &Dependency { name, rename, kind: DependencyKind::Normal, path: None })
        };
        assert_eq!(line("tokio", None), 3);
        assert_eq!(line("elsewhere", Some("tokio-vsock")), 2);
        assert_eq!(line("absent", None), 1);
    }
}
