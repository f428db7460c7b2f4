//! What fan-out costs, for people and for programs.

use serde::Serialize;

use super::FanoutArgs;
use crate::bench::args::CodingArgs;
use crate::bench::process::Footprint;
use crate::bench::stats::Spread;
use crate::bench::table::Table;
use crate::bench::units::number;

/// One number of subscribers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) subscribers: usize,
    /// `process`, or `inside` this one.
    pub(super) server: &'static str,
    pub(super) seconds: f64,
    pub(super) encoded_per_second: f64,
    pub(super) delivered: u64,
    pub(super) delivered_per_second: f64,
    /// Frames per second of each.
    pub(super) per_subscriber: Spread,
    pub(super) megabit_per_second: f64,
    /// Of one core: painting, encoding and sending.
    pub(super) server_cpu_percent: f64,
    pub(super) server_cpu_us_per_delivered_frame: f64,
    pub(super) subscribers_cpu_percent: f64,
    /// Access units that subscribers missed, all together.
    pub(super) dropped: f64,
    /// Times that a subscriber fell behind.
    pub(super) stalls: f64,
    pub(super) footprint: Footprint,
}

pub(super) fn tables(rows: &[Row], args: &FanoutArgs) -> Vec<Table> {
    let title = format!(
        "One stream of {} at {} frames/s to many (encoder {}, {})",
        args.kind.as_str(),
        args.fps,
        args.encoder,
        args.coding.describe(CodingArgs::SERVED)
    );
    let numbers = [
        "encoded/s",
        "delivered/s",
        "each/s min / median",
        "Mbit/s",
        "CPU %",
        "CPU us/delivered",
        "dropped",
        "stalls",
        "RSS MiB",
        "fds",
        "clients' CPU %",
    ];
    let mut table = Table::new(title, &["subscribers", "server"], &numbers);
    for row in rows {
        let each = [row.per_subscriber.min, row.per_subscriber.median].map(number).join(" / ");
        table.row([
            row.subscribers.to_string(),
            row.server.to_owned(),
            number(row.encoded_per_second),
            number(row.delivered_per_second),
            each,
            number(row.megabit_per_second),
            number(row.server_cpu_percent),
            number(row.server_cpu_us_per_delivered_frame),
            number(row.dropped),
            number(row.stalls),
            (row.footprint.resident_kib / 1024).to_string(),
            row.footprint.descriptors.to_string(),
            number(row.subscribers_cpu_percent),
        ]);
    }
    table.note("the server's CPU includes painting and encoding the one stream, which with 1 subscriber is nearly all");
    if rows.iter().any(|row| row.server == "inside") {
        table.note("memory and descriptors of a server inside this process include those of the subscribers");
    }
    vec![table]
}
