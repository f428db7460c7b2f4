//! The programs that tests run, built from the sources that the tests were built from.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the workspace's programs, and returns the folder that they are in. Cargo itself builds those of the tested
/// package only.
///
/// All of them, with the tests and with the features that `LUNETTE_TEST_FEATURES` names, since the features of what they
/// depend on are those of all that is asked for: some of them alone are built from nothing once more.
///
/// # Panics
/// When they do not build.
#[must_use]
pub fn build() -> PathBuf {
    let folder = target_folder();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--bins", "--tests"]);
    if let Some(features) = std::env::var_os("LUNETTE_TEST_FEATURES") {
        cargo.arg("--features").arg(features);
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let target = folder.parent().expect("a profile's folder is in the target folder");
    cargo.arg("--target-dir").arg(target).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let built = cargo.status().expect("cargo can be started");
    assert!(built.success(), "the programs do not build");
    folder
}

/// `target/debug`, of `target/debug/deps/e2e-…`.
fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the system says where a program is");
    test.ancestors().nth(2).expect("tests are built into deps").to_owned()
}
