//! `lunette bench encode`.

mod measure;
mod report;
mod scene;

use anyhow::Result;
use clap::Args;

use super::args::{Budget, BudgetArgs, CodingArgs, EncoderArgs, OutputArgs};
use super::document::Document;
use super::lineup::Lineup;
use scene::Scene;

/// Arguments of `lunette bench encode`.
#[derive(Debug, Clone, Args)]
pub(crate) struct EncodeArgs {
    /// What changes from picture to picture, separated by commas; `small` is one square of 64x64 pixels, `idr`
    /// scrolls with every picture an IDR
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "small,typing,scroll,video,noise,idr")]
    kinds: Vec<Scene>,

    #[command(flatten)]
    encoders: EncoderArgs,

    #[command(flatten)]
    coding: CodingArgs,

    #[command(flatten)]
    budget: BudgetArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Measures every scene with every encoder.
pub(crate) fn run(args: &EncodeArgs) -> Result<String> {
    let lineup = Lineup::probe(&args.encoders.encoders)?;
    let budget: Budget = args.budget.budget();
    let mut rows = Vec::new();
    for scene in &args.kinds {
        for encoder in &lineup.encoders {
            rows.push(measure::measure(*scene, encoder, &args.coding, budget)?);
        }
    }
    Document::new(rows, lineup.unavailable).render(args.output.format(), |rows| report::tables(rows, &args.coding))
}
