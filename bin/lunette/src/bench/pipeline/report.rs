//! What a pipeline costs, for people and for programs.

use serde::Serialize;

use super::PipelineArgs;
use crate::bench::args::CodingArgs;
use crate::bench::fidelity::Fidelity;
use crate::bench::screen::Pace;
use crate::bench::stats::Spread;
use crate::bench::table::Table;
use crate::bench::units::{number_or_dash, three, two};

/// One kind with one encoder. Spreads leave out the first picture, unless it is the only one.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) encoder: &'static str,
    pub(super) captured: u64,
    /// Frames that newer ones replaced before they were taken.
    pub(super) replaced: u64,
    pub(super) encoded: usize,
    /// Of the pipeline alone, painting left out.
    pub(super) frames_per_second: Option<f64>,
    pub(super) cpu_ms: Costs,
    pub(super) first_picture_cpu_ms: Option<f64>,
    pub(super) paint_cpu_ms: Option<Spread>,
    /// From the capture time, which a synthetic source takes when it has painted.
    pub(super) latency_ms: Option<Spread>,
    /// At the source's rate.
    pub(super) kbit_per_second: Option<f64>,
    pub(super) kilobytes_per_frame: Option<f64>,
    /// Changed part of each picture, 0 to 1.
    pub(super) damage_share: Option<Spread>,
    pub(super) fidelity: Fidelity,
}

/// CPU milliseconds per picture of each step and of all.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Costs {
    pub(super) diff: Option<Spread>,
    pub(super) convert: Option<Spread>,
    pub(super) encode: Option<Spread>,
    pub(super) total: Option<Spread>,
}

/// What it costs, and what comes out.
pub(super) fn tables(rows: &[Row], args: &PipelineArgs) -> Vec<Table> {
    vec![costs(rows, args), streams(rows, args)]
}

fn setting(args: &PipelineArgs) -> String {
    let pace = if args.fps == 0 { "flat out".to_owned() } else { format!("{} frames/s", args.fps) };
    format!("{}, {pace}", args.coding.describe(CodingArgs::SERVED))
}

fn costs(rows: &[Row], args: &PipelineArgs) -> Table {
    let title = format!("CPU ms per frame, min / median / max ({})", setting(args));
    let numbers = ["frames/s", "diff", "convert", "encode", "total", "first", "(paint)"];
    let mut table = Table::new(title, &["kind", "encoder"], &numbers);
    for row in rows {
        let Costs { diff, convert, encode, total } = &row.cpu_ms;
        let steps = [diff, convert, encode, total].map(|spread| three(spread.as_ref()));
        let names = [row.kind.to_owned(), row.encoder.to_owned(), number_or_dash(row.frames_per_second)];
        let rest = [number_or_dash(row.first_picture_cpu_ms), number_or_dash(row.paint_cpu_ms.map(|s| s.median))];
        table.row(names.into_iter().chain(steps).chain(rest));
    }
    table.note("frames/s and CPU leave out painting; `first` is the first picture, an IDR, which the rest leaves out");
    table
}

fn streams(rows: &[Row], args: &PipelineArgs) -> Table {
    let numbers = [
        "captured",
        "encoded",
        "replaced",
        "damaged %",
        "captured-encoded ms p50 / p99",
        "kbit/s",
        "kB/frame",
        "PSNR-Y dB",
        "right markers",
    ];
    let mut table = Table::new(format!("Streams ({})", setting(args)), &["kind", "encoder"], &numbers);
    for row in rows {
        table.row(stream_cells(row));
        if let Some(fault) = &row.fidelity.fault {
            let unit = row.fidelity.decoded;
            table.note(format!("{} {}: not decodable from unit {unit} on: {fault}", row.kind, row.encoder));
        }
    }
    let rate = Pace(args.fps).planned_hz();
    table.note(format!("kbit/s at {rate} frames/s"));
    table
}

fn stream_cells(row: &Row) -> [String; 11] {
    let fidelity = &row.fidelity;
    [
        row.kind.to_owned(),
        row.encoder.to_owned(),
        row.captured.to_string(),
        row.encoded.to_string(),
        row.replaced.to_string(),
        number_or_dash(row.damage_share.map(|share| share.median * 100.0)),
        two(row.latency_ms.as_ref()),
        number_or_dash(row.kbit_per_second),
        number_or_dash(row.kilobytes_per_frame),
        number_or_dash(fidelity.psnr_y.map(|psnr| psnr.mean)),
        format!("{}/{}", fidelity.right_markers, fidelity.decoded),
    ]
}
