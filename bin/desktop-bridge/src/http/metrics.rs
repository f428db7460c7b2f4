//! `GET /metrics`: what happened, in Prometheus' text format. No name of anybody is in it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use frame_export::metrics::Exposition;
use lunette_session::{DropReason, InputCounters, RoundTrips, Totals, ViewerCounters};

use crate::bridge::Bridge;

pub(super) async fn serve(State(bridge): State<Arc<Bridge>>) -> Response {
    let headers = [(CONTENT_TYPE, Exposition::CONTENT_TYPE), (CACHE_CONTROL, "no-store")];
    (headers, text(&bridge)).into_response()
}

fn text(bridge: &Bridge) -> String {
    let mut text = Exposition::default();
    let lounge = &bridge.desk.lounge;
    let (connections, stats) = (lounge.connections(), bridge.desk.video.stats());
    one(&mut text, "uptime_seconds", "gauge", "Since this program started.", bridge.started.elapsed().as_secs_f64());
    one(&mut text, "members", "gauge", "People and programs that take part.", lounge.presence().len());
    one(&mut text, "viewers", "gauge", "Connections that show the picture.", connections.here.len());
    one(&mut text, "viewers_total", "counter", "Such connections so far.", connections.ever);
    one(&mut text, "source_running", "gauge", "1 while pictures can come.", u8::from(stats.running));
    received(&mut text, &stats.totals);
    sent(&mut text, &connections.counters);
    input(&mut text, lounge.input_counters(), lounge.lost(), bridge.sink.counts());
    many(&mut text, ("requests_total", "counter", "Requests by class of status."), "class", bridge.requests.by_class());
    text.finish()
}

fn name(short: &str) -> String {
    format!("desktop_bridge_{short}")
}

fn one(text: &mut Exposition, short: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
    text.family(&name(short), kind, help);
    text.sample(&name(short), &[], value);
}

fn many(
    text: &mut Exposition,
    (short, kind, help): (&str, &str, &str),
    label: &str,
    values: impl IntoIterator<Item = (&'static str, u64)>,
) {
    text.family(&name(short), kind, help);
    for (of, value) in values {
        text.sample(&name(short), &[(label, &of)], value);
    }
}

fn received(text: &mut Exposition, totals: &Totals) {
    one(text, "pictures_received_total", "counter", "Encoded pictures that came from the source.", totals.units);
    one(text, "received_bytes_total", "counter", "Bytes of them.", totals.bytes);
    let drops = totals.subscribers.drops;
    let help = "Pictures that a subscriber of the stream did not get.";
    let by_reason = DropReason::ALL.map(|reason| (reason.as_str(), drops.of(reason)));
    many(text, ("pictures_dropped_total", "counter", help), "reason", by_reason);
    let help = "Times that a subscriber of the stream fell behind.";
    one(text, "stalls_total", "counter", help, totals.subscribers.stalls);
}

fn sent(text: &mut Exposition, counters: &ViewerCounters) {
    one(text, "pictures_sent_total", "counter", "Pictures handed to viewers' sockets.", counters.pictures);
    one(text, "keyframes_sent_total", "counter", "Those that a decoder can start at.", counters.keyframes);
    one(text, "sent_bytes_total", "counter", "Bytes of pictures handed to viewers' sockets.", counters.bytes);
    let help = "Times that what waited for a viewer was given up as too old.";
    one(text, "given_up_total", "counter", help, counters.fell_behind);
    one(text, "nonsense_total", "counter", "Messages of viewers that made no sense.", counters.nonsense);
    round_trips(text, &counters.round_trips);
}

fn round_trips(text: &mut Exposition, times: &RoundTrips) {
    let name = name("round_trip_seconds");
    text.family(&name, "histogram", "Pings to viewers that had nothing else on their way.");
    for (bound, count) in times.buckets() {
        text.sample(&format!("{name}_bucket"), &[("le", &bound.as_secs_f64())], count);
    }
    text.sample(&format!("{name}_bucket"), &[("le", &"+Inf")], times.count());
    text.sample(&format!("{name}_sum"), &[], times.sum().as_secs_f64());
    text.sample(&format!("{name}_count"), &[], times.count());
}

fn input(text: &mut Exposition, counters: InputCounters, lost: u64, (done, failed): (u64, u64)) {
    let passed = [("accepted", counters.accepted), ("senseless", counters.senseless)];
    let help = "Input events of whoever had the input; senseless ones change nothing.";
    many(text, ("input_events_total", "counter", help), "result", passed);
    let refused = [
        ("held_by_person", counters.held_by_person),
        ("held_by_agent", counters.held_by_agent),
        ("view_only", counters.view_only),
        ("other", counters.other),
    ];
    many(text, ("input_refused_total", "counter", "Input events that were refused."), "reason", refused);
    let desktop = [("done", done), ("failed", failed), ("lost", lost)];
    let help = "What became of input events at the desktop; lost ones it was too slow for.";
    many(text, ("input_desktop_total", "counter", help), "result", desktop);
}
