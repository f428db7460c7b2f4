//! What flips cost, for people and for programs.

use serde::Serialize;

use super::FlipsArgs;
use crate::bench::stats::Spread;
use crate::bench::table::Table;
use crate::bench::units::number;

/// One run of one number of outputs.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) outputs: u8,
    pub(super) seconds: f64,
    /// Of each output, by the guest.
    pub(super) flipped_per_second: Option<Spread>,
    /// Of each output, by its subscriber.
    pub(super) received_per_second: Option<Spread>,
    /// Flips that no picture arrived of, all outputs together.
    pub(super) not_received: usize,
    pub(super) flip_to_received_ms: Option<Spread>,
    pub(super) capture_to_received_ms: Option<Spread>,
    /// How far off the guest's times may be.
    pub(super) clock_doubt_ms: f64,
    /// Of one core.
    pub(super) qemu_cpu_percent: f64,
    pub(super) exporter_cpu_percent: f64,
}

pub(super) fn tables(rows: &[Row], args: &FlipsArgs, kernel: &str) -> Vec<Table> {
    let pace = if args.fps == 0 { "flat out".to_owned() } else { format!("{} a second", args.fps) };
    let title = format!("Page flips to H.264 over TCP: {}, {pace}, {} damage, guest {kernel}", args.size, args.damage);
    let numbers = [
        "flips/s each",
        "received/s each",
        "not received",
        "flip to received ms p50 / p99",
        "capture to received ms p50 / p99",
        "QEMU CPU %",
        "frame-export CPU %",
    ];
    let mut table = Table::new(title, &["outputs"], &numbers);
    for row in rows {
        table.row([
            row.outputs.to_string(),
            range(row.flipped_per_second),
            range(row.received_per_second),
            row.not_received.to_string(),
            percentiles(row.flip_to_received_ms),
            percentiles(row.capture_to_received_ms),
            number(row.qemu_cpu_percent),
            number(row.exporter_cpu_percent),
        ]);
    }
    let doubt = rows.iter().map(|row| row.clock_doubt_ms).fold(0.0, f64::max);
    table.note(format!("the guest's clock is known to {doubt:.2} ms; the subscribers' CPU is not in the table"));
    table.note("flips whose picture a newer one replaced before it was encoded count as not received");
    vec![table]
}

fn range(spread: Option<Spread>) -> String {
    spread.map_or_else(
        || "none".to_owned(),
        |spread| match spread.count {
            1 => number(spread.median),
            _ => format!("{} to {}", number(spread.min), number(spread.max)),
        },
    )
}

fn percentiles(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "none".to_owned(), |spread| format!("{} / {}", number(spread.median), number(spread.p99)))
}
