//! `cargo xtask e2e`: the tests that start real programs.

use crate::metadata::Metadata;
use crate::process;

/// Runs the integration tests of `frame-export` and of every package under `tests/`.
///
/// Release, because these tests hold the programs to frame rates that an unoptimised encoder does not reach.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let mut command = process::cargo();
    command.args(["test", "--release", "--package", "frame-export"]);
    for package in metadata.members_in("tests") {
        command.args(["--package", &package.name]);
    }
    process::run(command.args(["--test", "*"]))
}
