//! What encoders cost, for people and for programs.

use serde::Serialize;

use crate::bench::args::CodingArgs;
use crate::bench::fidelity::Fidelity;
use crate::bench::stats::Spread;
use crate::bench::table::Table;
use crate::bench::units::{number, number_or_dash};

/// One scene with one encoder; the first picture is left out of every figure but the fidelity.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) encoder: &'static str,
    pub(super) encoded: u64,
    pub(super) cpu_ms: Option<Spread>,
    pub(super) bytes: Option<Spread>,
    pub(super) fidelity: Fidelity,
}

pub(super) fn tables(rows: &[Row], coding: &CodingArgs) -> Vec<Table> {
    let title = format!("Encoders alone, CPU ms per picture ({})", coding.describe(CodingArgs::NO_CEILING));
    let numbers = ["pictures", "min", "median", "p99", "max", "bytes", "PSNR-Y dB", "right markers"];
    let mut table = Table::new(title, &["kind", "encoder"], &numbers);
    for row in rows {
        let cpu = |pick: fn(Spread) -> f64| number_or_dash(row.cpu_ms.map(pick));
        let fidelity = &row.fidelity;
        table.row([
            row.kind.to_owned(),
            row.encoder.to_owned(),
            row.encoded.to_string(),
            cpu(|spread| spread.min),
            cpu(|spread| spread.median),
            cpu(|spread| spread.p99),
            cpu(|spread| spread.max),
            row.bytes.map_or_else(String::new, |bytes| number(bytes.median)),
            number_or_dash(fidelity.psnr_y.map(|psnr| psnr.mean)),
            format!("{}/{}", fidelity.right_markers, fidelity.decoded),
        ]);
        if let Some(fault) = &fidelity.fault {
            table.note(format!(
                "{} {}: not decodable from unit {} on: {fault}",
                row.kind, row.encoder, fidelity.decoded
            ));
        }
    }
    table.note("bytes are the median; nothing that did not change is encoded, so `still` has no row");
    vec![table]
}
