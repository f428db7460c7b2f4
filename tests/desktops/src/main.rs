//! `desktop-probe`: tries what a desktop must not be able to do, and prints what came of it, one JSON object per line.

#![forbid(unsafe_code)]

use clap::Parser;
use desktop_tests::{Target, attempts};

/// Tries everything that a desktop must not be able to do.
#[derive(Debug, Parser)]
#[command(name = "desktop-probe")]
struct Args {
    #[command(flatten)]
    target: Target,
}

fn main() -> anyhow::Result<()> {
    for attempt in attempts(&Args::parse().target) {
        println!("{}", serde_json::to_string(&attempt)?);
    }
    Ok(())
}
