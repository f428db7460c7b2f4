//! `cargo xtask dist`: what a release consists of.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::metadata::Metadata;
use crate::process;

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// Goes into the folder gstreamer-1.0 of the system's libraries.
const PLUGIN: &str = "libgstvsockenc.so";
const SUMS: &str = "SHA256SUMS";

/// Builds the packages under `bin/` and copies their programs, the licence texts and the sums into `<target>/dist`.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    build(metadata)?;
    let dist = metadata.target_directory.join("dist");
    empty(&dist)?;
    let mut names = Vec::new();
    for program in metadata.members_in("bin").flat_map(|package| package.programs()) {
        let name = format!("{program}{EXE_SUFFIX}");
        copy(&metadata.target_directory.join("release").join(&name), &dist.join(&name))?;
        names.push(name);
    }
    names.extend(plugin(metadata, &dist)?);
    for name in LICENCES {
        copy(&metadata.workspace_root.join(name), &dist.join(name))?;
        names.push(name.to_owned());
    }
    names.sort();
    let sums = sha256(&dist, &names)?;
    fs::write(dist.join(SUMS), &sums).with_context(|| format!("cannot write {SUMS} in {}", dist.display()))?;
    print!("{sums}");
    eprintln!("dist: {} files in {}", names.len(), dist.display());
    Ok(())
}

fn build(metadata: &Metadata) -> anyhow::Result<()> {
    let mut command = process::cargo();
    command.args(["build", "--release", "--bins"]);
    for package in metadata.members_in("bin") {
        command.args(["--package", &package.name]);
    }
    process::run(&mut command)
}

/// The GStreamer element, where GStreamer's development files are.
fn plugin(metadata: &Metadata, dist: &Path) -> anyhow::Result<Option<String>> {
    let found = Command::new("pkg-config").args(["--exists", "gstreamer-allocators-1.0"]).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("dist: without {PLUGIN}, since GStreamer's development files are not here");
        return Ok(None);
    }
    process::run(process::cargo().args(["build", "--release", "--package", "gst-vsockenc", "--features", "plugin"]))?;
    copy(&metadata.target_directory.join("release").join(PLUGIN), &dist.join(PLUGIN))?;
    Ok(Some(PLUGIN.to_owned()))
}

/// An old program must not stay beside the new sums.
fn empty(dist: &Path) -> anyhow::Result<()> {
    if dist.exists() {
        fs::remove_dir_all(dist).with_context(|| format!("cannot empty {}", dist.display()))?;
    }
    fs::create_dir_all(dist).with_context(|| format!("cannot create {}", dist.display()))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// The system's own program computes the sums, because it is also the one that people verify with.
fn sha256(folder: &Path, names: &[String]) -> anyhow::Result<String> {
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("shasum");
        command.args(["-a", "256"]);
        command
    } else {
        Command::new("sha256sum")
    };
    let sums = process::read(command.args(names).current_dir(folder))?;
    String::from_utf8(sums).context("the list of sums is not UTF-8")
}
