//! `lunette bench pipeline`.

mod measure;
mod report;

use anyhow::Result;
use clap::Args;
use lunette_capture::pattern::Kind;

use super::args::{Budget, BudgetArgs, CodingArgs, EncoderArgs, OutputArgs};
use super::document::Document;
use super::lineup::Lineup;
use super::screen::Pace;

/// Arguments of `lunette bench pipeline`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PipelineArgs {
    /// What the screen shows, separated by commas
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "still,typing,scroll,video,noise")]
    kinds: Vec<Kind>,

    #[command(flatten)]
    encoders: EncoderArgs,

    #[command(flatten)]
    coding: CodingArgs,

    /// Frames per second of the source; 0 = flat out, where encoders are told times as at 60
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u32).range(0..=1000))]
    fps: u32,

    #[command(flatten)]
    budget: BudgetArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// What one row is measured with.
#[derive(Debug, Clone, Copy)]
struct Plan<'a> {
    coding: &'a CodingArgs,
    pace: Pace,
    budget: Budget,
}

/// Measures every kind with every encoder.
pub(crate) fn run(args: &PipelineArgs) -> Result<String> {
    let lineup = Lineup::probe(&args.encoders.encoders)?;
    let plan = Plan { coding: &args.coding, pace: Pace(args.fps), budget: args.budget.budget() };
    let mut rows = Vec::new();
    for kind in &args.kinds {
        for encoder in &lineup.encoders {
            rows.push(measure::measure(*kind, encoder, &plan)?);
        }
    }
    Document::new(rows, lineup.unavailable).render(args.output.format(), |rows| report::tables(rows, args))
}
