//! `cargo xtask check`: the five checks, cheapest first.

use anyhow::bail;

use crate::metadata::Metadata;
use crate::{layers, licences, named, process};

/// What the GStreamer element is behind; its tests need GStreamer's development files anyway.
const VSOCKENC: &str = "gst-vsockenc/plugin";

/// Runs every check, then fails with the names of those that complained.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let outcomes = [
        ("layers", layers::run(metadata)),
        ("licences", licences::run(metadata)),
        ("named", named::run(metadata)),
        ("fmt", process::run(process::cargo().args(["fmt", "--all", "--check"]))),
        ("clippy", clippy()),
    ];
    let mut failed = Vec::new();
    for (name, outcome) in outcomes {
        if let Err(error) = outcome {
            eprintln!("check: {name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("check failed: {}", failed.join(", "));
    }
    eprintln!("check: layers, licences, named tests, fmt and clippy are clean");
    Ok(())
}

fn clippy() -> anyhow::Result<()> {
    process::run(process::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        VSOCKENC,
        "--",
        "-D",
        "warnings",
    ]))
}
