//! `cargo xtask web`: builds the viewer into `web/dist`, from where `lunette-viewer-page` embeds it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::cli::WebOptions;
use crate::metadata::Metadata;
use crate::process;

/// The oldest Node.js major version that the build works with: Debian 12's.
const BUILDS: u32 = 18;
/// The oldest that the tests work with.
const TESTS: u32 = 20;

/// Installs what `web/package-lock.json` names, and builds; with `test` also checks types, tests and the weight.
pub(crate) fn run(metadata: &Metadata, options: &WebOptions) -> anyhow::Result<()> {
    let node = node()?;
    let web = metadata.workspace_root.join("web");
    if options.test || !is_installed(&web) {
        process::run(npm(&web).arg("ci").args(["--no-audit", "--no-fund"]))?;
    }
    if options.test && node < TESTS {
        println!("NOT RUN: the viewer's unit tests: they need Node.js {TESTS}, here is {node}");
    } else if options.test {
        process::run(npm(&web).args(["run", "check"]))?;
        process::run(npm(&web).args(["run", "test"]))?;
        return process::run(npm(&web).args(["run", "size"]));
    }
    process::run(npm(&web).args(["run", "build"]))
}

fn npm(web: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(web);
    command
}

/// npm writes its own copy of the lock file last, so one that is not older than ours means: installed.
fn is_installed(web: &Path) -> bool {
    let changed = |file: &str| web.join(file).metadata().and_then(|file| file.modified()).ok();
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Some(installed), Some(wanted)) => installed >= wanted,
        _ => false,
    }
}

/// Its major version.
fn node() -> anyhow::Result<u32> {
    let version = process::read(Command::new("node").arg("--version"))
        .context("the viewer needs Node.js 18 or newer; on Debian: apt-get install nodejs npm")?;
    let version = String::from_utf8_lossy(&version);
    let major = major(&version).with_context(|| format!("node calls itself `{}`", version.trim()))?;
    ensure!(major >= BUILDS, "the viewer needs Node.js {BUILDS} or newer, here is {}", version.trim());
    if process::read(Command::new("npm").arg("--version")).is_err() {
        bail!("the viewer needs npm; on Debian: apt-get install npm");
    }
    Ok(major)
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("20.20.2"), None);
    }

    #[test]
    fn a_folder_without_modules_is_not_installed() {
        let web = tempfile::tempdir().unwrap();
        std::fs::write(web.path().join("package-lock.json"), "{}").unwrap();
        assert!(!is_installed(web.path()));
    }
}
