//! A Debian package out of a tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::control::{Release, after_install, after_removal, before_removal};
use super::plan::Package;
use super::tree::{PLAIN, PROGRAM, Tree};
use crate::process;

/// Packs a tree; where the package is.
pub(super) fn pack(
    release: &Release<'_>,
    package: &Package,
    tree: &Tree,
    libraries: &str,
    dist: &Path,
) -> anyhow::Result<PathBuf> {
    let files = tree.files("/")?;
    let sizes = files.iter().map(|path| fs::metadata(tree.at(path)).map(|about| about.len().div_ceil(1024)));
    let kib = sizes.sum::<Result<u64, _>>()?;
    let mut sums = Command::new("md5sum");
    sums.args(files.iter().map(|path| path.trim_start_matches('/'))).current_dir(tree.root());
    let sums = String::from_utf8(process::read(&mut sums)?)?;
    tree.write("/DEBIAN/md5sums", &sums, PLAIN)?;
    tree.write("/DEBIAN/control", &release.control(package, libraries, kib), PLAIN)?;
    let configuration: String = package.configuration().map(|path| format!("{path}\n")).collect();
    if !configuration.is_empty() {
        tree.write("/DEBIAN/conffiles", &configuration, PLAIN)?;
    }
    let scripts =
        [("postinst", after_install(package)), ("prerm", before_removal(package)), ("postrm", after_removal(package))];
    for (name, text) in scripts {
        if let Some(text) = text {
            tree.write(&format!("/DEBIAN/{name}"), &text, PROGRAM)?;
        }
    }
    let path = dist.join(format!("{}_{}_{}.deb", package.name, release.version, release.arch));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.env("SOURCE_DATE_EPOCH", release.epoch).args(["--root-owner-group", "-Zxz", "--build"]);
    process::read(dpkg.arg(tree.root()).arg(&path))?;
    fs::remove_dir_all(tree.at("/DEBIAN")).context("cannot remove DEBIAN")?;
    Ok(path)
}

/// What programs load, as a package's `Depends` has it.
///
/// dpkg-shlibdeps looks into the packages of this machine, so the programs have to be for it.
pub(super) fn libraries(programs: &[PathBuf]) -> anyhow::Result<String> {
    let folder = std::env::temp_dir().join(format!("lunette-dist-{}", std::process::id()));
    fs::create_dir_all(folder.join("debian"))?;
    fs::write(folder.join("debian/control"), "Source: lunette\n\nPackage: lunette\nArchitecture: any\n")?;
    let mut command = Command::new("dpkg-shlibdeps");
    command.arg("-O").args(programs).current_dir(&folder).stderr(std::process::Stdio::null());
    let found = process::read(&mut command).context("dpkg-shlibdeps, of the package dpkg-dev, failed");
    fs::remove_dir_all(&folder)?;
    let found = String::from_utf8(found?)?;
    // One line for each field: shlibs:Depends=libc6 (>= 2.36), libgcc-s1 (>= 4.2)
    let names: BTreeSet<_> =
        found.lines().filter_map(|line| line.split_once('=')).flat_map(|(_, list)| list.split(", ")).collect();
    Ok(names.into_iter().collect::<Vec<_>>().join(", "))
}

/// Whether this machine makes Debian packages.
pub(super) fn is_here() -> bool {
    let found = Command::new("dpkg-deb").arg("--version").stdout(std::process::Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}
