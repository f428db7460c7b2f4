//! `cargo xtask fuzz`: coverage-guided fuzzing without a nightly compiler and without cargo-fuzz.
//!
//! The coverage passes are reachable through stable flags; libFuzzer itself comes with the fuzz package. Address
//! sanitizer does need nightly, but the parsers hold no unsafe code that it could watch.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::cli::FuzzOptions;
use crate::metadata::Metadata;
use crate::process;

const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
/// A parser that needs longer than this for one input has a bug of its own.
const SECONDS_PER_INPUT: u32 = 10;

/// Where things are for one run.
struct Layout {
    /// The fuzz package: `seeds/` and `artifacts/` are in here.
    package: PathBuf,
    /// Build output and working corpus.
    target: PathBuf,
    host: String,
}

/// Builds all targets and runs the chosen ones one after the other; every target runs, even after a finding.
pub(crate) fn run(metadata: &Metadata, options: &FuzzOptions) -> anyhow::Result<()> {
    let layout = Layout {
        package: metadata.workspace_root.join("fuzz"),
        target: metadata.target_directory.join("fuzz"),
        host: host_triple(&String::from_utf8_lossy(&process::read(Command::new("rustc").arg("-vV"))?))?,
    };
    let fuzz = Metadata::of_manifest(&layout.manifest())?;
    let known: Vec<&str> = fuzz.members().flat_map(|package| package.programs()).collect();
    let targets = chosen(&known, &options.targets)?;
    process::run(&mut layout.build())?;
    let seconds = share(options.seconds.get(), targets.len());
    let mut broken = Vec::new();
    for target in targets {
        eprintln!("fuzz: {target} for {seconds} s");
        if let Err(error) = process::run(&mut layout.fuzz(target, seconds)?) {
            eprintln!("fuzz: {error:#}");
            let (program, kept) = (layout.program(target), layout.artifacts(target));
            eprintln!("fuzz: try it again: {} {}/<file>", program.display(), kept.display());
            broken.push(target);
        }
    }
    if !broken.is_empty() {
        bail!("targets that an input broke: {}", broken.join(", "));
    }
    Ok(())
}

impl Layout {
    fn manifest(&self) -> PathBuf {
        self.package.join("Cargo.toml")
    }

    fn artifacts(&self, target: &str) -> PathBuf {
        self.package.join("artifacts").join(target)
    }

    fn program(&self, target: &str) -> PathBuf {
        self.target.join(&self.host).join("release").join(target)
    }

    /// The explicit `--target` keeps the coverage flags away from build scripts and proc macros.
    fn build(&self) -> Command {
        let mut command = process::cargo();
        command.args(["build", "--release", "--bins", "--target", &self.host, "--manifest-path"]).arg(self.manifest());
        command.env("CARGO_TARGET_DIR", &self.target).env("RUSTFLAGS", RUSTFLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
        command
    }

    /// libFuzzer writes new inputs into the first folder only, so the seeds in git stay as they are.
    fn fuzz(&self, target: &str, seconds: u32) -> anyhow::Result<Command> {
        let corpus = self.target.join("corpus").join(target);
        let artifacts = self.artifacts(target);
        for folder in [&corpus, &artifacts] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let mut command = Command::new(self.program(target));
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={SECONDS_PER_INPUT}"));
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        command.args(["-print_final_stats=1", "-verbosity=0"]).arg(corpus);
        let seeds = self.package.join("seeds").join(target);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        Ok(command)
    }
}

fn host_triple(version: &str) -> anyhow::Result<String> {
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).with_context(|| format!("`rustc -vV` names no host:\n{version}"))
}

fn chosen<'a>(known: &[&'a str], asked: &[String]) -> anyhow::Result<Vec<&'a str>> {
    if known.is_empty() {
        bail!("fuzz/Cargo.toml declares no [[bin]]");
    }
    if asked.is_empty() {
        return Ok(known.to_vec());
    }
    let find = |name: &String| {
        let found = known.iter().copied().find(|target| target == name);
        found.with_context(|| format!("no fuzz target {name}; there are: {}", known.join(", ")))
    };
    asked.iter().map(find).collect()
}

/// 0 would mean "no limit" to libFuzzer.
fn share(seconds: u32, targets: usize) -> u32 {
    let targets = u32::try_from(targets).unwrap_or(u32::MAX).max(1);
    (seconds / targets).max(1)
}

#[cfg(test)]
mod tests {
    use super::{chosen, host_triple, share};

    #[test]
    fn time_is_divided_and_never_without_limit() {
        assert_eq!(share(60, 4), 15);
        assert_eq!(share(3, 7), 1);
    }

    #[test]
    fn no_name_means_every_target() {
        assert_eq!(chosen(&["nal", "wire"], &[]).unwrap(), ["nal", "wire"]);
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_known_ones() {
        let error = chosen(&["nal", "wire"], &["nul".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "no fuzz target nul; there are: nal, wire");
    }

    #[test]
    fn host_is_read_from_the_verbose_version() {
        let version = "rustc 1.88.0\nbinary: rustc\nhost: riscv64gc-unknown-linux-gnu\nrelease: 1.88.0\n";
        assert_eq!(host_triple(version).unwrap(), "riscv64gc-unknown-linux-gnu");
        assert!(host_triple("rustc 1.88.0\n").is_err());
    }
}
