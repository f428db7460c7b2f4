//! `cargo xtask sim`: the simulations, for many more seeds than a test run has time for.

use crate::cli::SimOptions;
use crate::metadata::Metadata;
use crate::process;

/// Runs the test `sim` of every package that has one, built for release. A seed that fails names itself.
pub(crate) fn run(metadata: &Metadata, options: &SimOptions) -> anyhow::Result<()> {
    for package in metadata.members() {
        let folder = package.manifest_path.parent();
        if folder.is_some_and(|folder| folder.join("tests/sim/main.rs").exists()) {
            let mut command = process::cargo();
            command.args(["test", "--release", "--package", &package.name, "--test", "sim", "--", "--nocapture"]);
            command.env("SIM_FIRST", options.first.to_string()).env("SIM_SEEDS", options.seeds.to_string());
            process::run(&mut command)?;
        }
    }
    Ok(())
}
