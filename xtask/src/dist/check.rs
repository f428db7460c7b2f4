//! Whether what was packed works.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};

use super::plan::Package;
use super::target::Target;
use super::tree::Tree;
use crate::process;

/// Tags of lintian that are known, each with its reason.
const KNOWN: &str = "packaging/lintian-overrides";

/// Every program of a tree says its version, on this processor or an emulated one.
pub(super) fn programs(target: &Target, package: &Package, tree: &Tree) -> anyhow::Result<()> {
    for name in &package.programs {
        let program = tree.at(&format!("{}/{name}", package.folder));
        // An emulated program was seen to spin once in a long while.
        let run = target.run(&program);
        let mut limited = Command::new("timeout");
        limited.args(["--kill-after=1", "60"]).arg(run.get_program()).args(run.get_args()).arg("--version");
        let said = String::from_utf8(process::read(&mut limited)?)?;
        ensure!(said.starts_with(name.as_str()), "{name} --version says {said:?}");
    }
    let (count, arch) = (package.programs.len(), target.arch.debian());
    if count > 0 {
        eprintln!("dist: {count} programs of {} say their version ({arch})", package.name);
    }
    Ok(())
}

/// Units that systemd takes.
pub(super) fn units(package: &Package, tree: &Tree) -> anyhow::Result<()> {
    if package.units.is_empty() {
        return Ok(());
    }
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--root"]).arg(tree.root());
    verify.args(package.units.iter().map(|unit| tree.at(&format!("/usr/lib/systemd/system/{unit}"))));
    let Some(output) = run_if_here(&mut verify)? else { return Ok(()) };
    let said = String::from_utf8_lossy(&output.stderr);
    // A tree that has nothing but ours misses the system's own units.
    let of_ours = |line: &&str| package.units.iter().any(|unit| line.contains(unit.as_str()));
    let ours: Vec<_> = said.lines().filter(of_ours).filter(|line| !line.ends_with("not found.")).collect();
    ensure!(ours.is_empty(), "systemd complains of the units of {}:\n{}", package.name, ours.join("\n"));
    eprintln!("dist: systemd takes {} of {}", package.units.join(", "), package.name);
    Ok(())
}

/// Runs a tool; `None`, having said so, where it is not installed.
fn run_if_here(command: &mut Command) -> anyhow::Result<Option<Output>> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("dist: NOT RUN: {name} is not here");
            Ok(None)
        }
        output => output.map(Some).with_context(|| format!("cannot start {name}")),
    }
}

/// lintian finds nothing that is not known.
pub(super) fn lintian(root: &Path, packages: &[PathBuf]) -> anyhow::Result<()> {
    let known = std::fs::read_to_string(root.join(KNOWN)).with_context(|| format!("cannot read {KNOWN}"))?;
    let known: Vec<_> = known.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect();
    let mut lintian = Command::new("lintian");
    lintian.args(["--tag-display-limit", "0", "--allow-root", "--suppress-tags", &known.join(",")]).args(packages);
    let Some(output) = run_if_here(&mut lintian)? else { return Ok(()) };
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.trim().is_empty() || !output.status.success() {
        bail!("lintian complains:\n{said}{}", String::from_utf8_lossy(&output.stderr));
    }
    eprintln!("dist: lintian has nothing to say about {} packages, but for {} known tags", packages.len(), known.len());
    Ok(())
}
