//! `cargo xtask licences`: the graph against the allow list of `deny.toml`.
//!
//! `deny.toml` keeps cargo-deny's format, so that a machine that has cargo-deny comes to the same verdict.

use std::fs;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::metadata::{Metadata, Package};
use crate::spdx::Expression;

const POLICY: &str = "deny.toml";

#[derive(Debug, Deserialize)]
struct DenyFile {
    licenses: Policy,
}

/// The `[licenses]` table.
#[derive(Debug, Deserialize)]
struct Policy {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// Licences that one crate alone may have.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

/// Prints every crate whose licence the policy does not allow, and fails if there is one.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let file = metadata.workspace_root.join(POLICY);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy = Policy::parse(&text)?;
    let refused = refusals(metadata, &policy);
    for line in &refused {
        eprintln!("{line}");
    }
    if !refused.is_empty() {
        bail!("{} of {} packages have a licence that {POLICY} does not allow", refused.len(), metadata.packages.len());
    }
    eprintln!("licences: {} packages, all allowed", metadata.packages.len());
    Ok(())
}

fn refusals(metadata: &Metadata, policy: &Policy) -> Vec<String> {
    let refusal = |package: &Package| {
        let why = policy.refuses(package)?;
        let Package { name, version, .. } = package;
        Some(format!("{name} {version}: {why}\n    reached by {}", metadata.chain_to(package).join(" → ")))
    };
    metadata.packages.iter().filter_map(refusal).collect()
}

impl Policy {
    fn parse(deny_toml: &str) -> anyhow::Result<Self> {
        let file: DenyFile = toml::from_str(deny_toml).with_context(|| format!("cannot read {POLICY}"))?;
        Ok(file.licenses)
    }

    /// Why `package` may not be used; `None` when it may.
    fn refuses(&self, package: &Package) -> Option<String> {
        let Some(text) = &package.license else {
            return Some("its manifest has no `license` expression".to_owned());
        };
        match Expression::parse(text) {
            Err(error) => Some(format!("{error:#}")),
            Ok(expression) if expression.is_satisfied(&|name: &str| self.allows(&package.name, name)) => None,
            Ok(_) => Some(format!("`{text}` is not satisfied by the allow list")),
        }
    }

    fn allows(&self, package: &str, licence: &str) -> bool {
        let own = self.exceptions.iter().filter(|exception| exception.package == package);
        own.flat_map(|exception| &exception.allow).chain(&self.allow).any(|allowed| allowed == licence)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Policy, refusals};
    use crate::metadata::Metadata;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "ISC"]
        exceptions = [{ crate = "odd", allow = ["OpenSSL"] }]
    "#;

    fn package(name: &str, license: Option<&str>) -> Value {
        let manifest = format!("/registry/{name}/Cargo.toml");
        json!({ "id": name, "name": name, "version": "1.0.0", "license": license, "manifest_path": manifest })
    }

    /// `program → middle → <package>`
    fn graph(below: &Value) -> Metadata {
        let graph = json!({
            "packages": [package("program", Some("MIT")), package("middle", Some("ISC")), below],
            "workspace_members": ["program"],
            "workspace_root": "/w",
            "target_directory": "/w/target",
            "resolve": { "nodes": [
                { "id": "program", "dependencies": ["middle"] },
                { "id": "middle", "dependencies": [below["id"]] },
                { "id": below["id"], "dependencies": [] },
            ] },
        });
        Metadata::parse(graph.to_string().as_bytes()).unwrap()
    }

    fn refused(name: &str, license: Option<&str>) -> Vec<String> {
        refusals(&graph(&package(name, license)), &Policy::parse(POLICY).unwrap())
    }

    #[test]
    fn a_refusal_names_the_licence_and_the_way_to_it() {
        let expected = "viral 1.0.0: `GPL-3.0-only` is not satisfied by the allow list\n    \
            reached by program → middle → viral";
        assert_eq!(refused("viral", Some("GPL-3.0-only")), [expected]);
    }

    #[test]
    fn an_allowed_graph_is_silent() {
        assert!(refused("fine", Some("GPL-3.0-only OR ISC")).is_empty());
    }

    #[test]
    fn an_exception_holds_for_its_crate_only() {
        assert!(refused("odd", Some("OpenSSL")).is_empty());
        assert_eq!(refused("even", Some("OpenSSL")).len(), 1);
    }

    #[test]
    fn a_crate_without_expression_is_refused() {
        assert!(refused("mute", None)[0].contains("no `license` expression"));
    }

    #[test]
    fn the_repository_policy_allows_no_copyleft() {
        let policy = Policy::parse(include_str!("../../deny.toml")).unwrap();
        assert!(policy.allows("any", "MIT"));
        assert!(!policy.allow.iter().any(|licence| licence.contains("GPL")));
    }
}
