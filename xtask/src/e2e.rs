//! `cargo xtask e2e`: the tests that start real programs.

use crate::cli::{E2eOptions, LongTest};
use crate::metadata::Metadata;
use crate::process;

/// Runs the integration tests of `frame-export` and of every package under `tests/`, or a long one.
///
/// Release, because these tests hold the programs to frame rates that an unoptimised encoder does not reach.
pub(crate) fn run(metadata: &Metadata, options: &E2eOptions) -> anyhow::Result<()> {
    let mut command = process::cargo();
    command.args(["test", "--release"]);
    match options.only {
        Some(LongTest::Gnome) => {
            command.args(["--package", "desktop-tests", "--test", "e2e", "gnome", "--", "--ignored", "--nocapture"]);
        }
        Some(LongTest::Codec) => {
            command.args(["--package", "lunette-encode", "--test", "chaos", "--", "--ignored", "--nocapture"]);
        }
        None => {
            command.args(["--package", "frame-export"]);
            for package in metadata.members_in("tests") {
                command.args(["--package", &package.name]);
            }
            command.args(["--test", "*"]);
        }
    }
    process::run(&mut command)
}
