//! Every measurement once, tiny.

use clap::Parser;
use lunette::cli::Cli;
use serde_json::Value;

const SMALL: [&str; 6] = ["--size", "320x192", "--encoders", "openh264", "--frames", "12"];

fn run(words: &[&str]) -> String {
    let cli = Cli::try_parse_from(["lunette", "bench"].iter().chain(words)).expect("valid arguments");
    cli.run().unwrap_or_else(|error| panic!("{words:?}: {error:#}"))
}

fn json(words: &[&str]) -> Value {
    serde_json::from_str(&run(&[words, &["--json"]].concat())).expect("one JSON document")
}

fn row<'a>(document: &'a Value, kind: &str) -> &'a Value {
    let rows = document["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {document:#}"))
}

#[test]
fn a_pipeline_encodes_what_changes_and_a_viewer_would_see_it() {
    let document = json(&[&["pipeline"], SMALL.as_slice()].concat());
    for kind in ["typing", "scroll", "video", "noise"] {
        let row = row(&document, kind);
        assert_eq!((row["captured"].as_u64(), row["encoded"].as_u64()), (Some(12), Some(12)), "{kind}");
        assert_eq!(row["fidelity"]["right_markers"], 12, "{row:#}");
        assert_eq!(row["cpu_ms"]["total"]["count"], 11);
        assert!(row["kbit_per_second"].as_f64() > Some(1.0));
    }
    assert!(row(&document, "scroll")["fidelity"]["psnr_y"]["min"].as_f64() > Some(30.0));
}

#[test]
fn a_still_screen_is_encoded_once() {
    let document = json(&[&["pipeline", "--kinds", "still"], SMALL.as_slice()].concat());
    let row = row(&document, "still");
    assert_eq!((row["captured"].as_u64(), row["encoded"].as_u64()), (Some(1), Some(1)));
    assert_eq!(row["kbit_per_second"], Value::Null);
}

#[test]
fn a_paced_pipeline_counts_bits_at_its_own_rate() {
    let words = ["pipeline", "--kinds", "scroll", "--fps", "200", "--seconds", "0.2", "--size", "320x192"];
    let document = json(&[words.as_slice(), &["--encoders", "auto"]].concat());
    let row = row(&document, "scroll");
    let (captured, replaced) = (row["captured"].as_u64().unwrap(), row["replaced"].as_u64().unwrap());
    assert!(captured > 1 && captured + replaced <= 50, "{captured} captured, {replaced} replaced");
}

#[test]
fn an_encoder_alone_is_measured_on_every_kind() {
    let document = json(&[&["encode"], SMALL.as_slice()].concat());
    assert_eq!(document["rows"].as_array().unwrap().len(), 6);
    let bytes = |kind| row(&document, kind)["bytes"]["median"].as_f64().unwrap();
    assert!(bytes("small") < bytes("scroll") && bytes("scroll") < bytes("idr") && bytes("scroll") < bytes("noise"));
    for kind in ["small", "typing", "scroll", "video", "noise", "idr"] {
        assert_eq!(row(&document, kind)["fidelity"]["right_markers"], 12, "{kind}");
    }
}

#[test]
fn tables_name_their_command_and_what_was_not_measured() {
    let text = run(&["pipeline", "--kinds", "typing", "--size", "320x192", "--frames", "3"]);
    assert!(text.starts_with("$ "), "{text}");
    assert!(text.contains("not measured: vaapi: "), "{text}");
    assert!(text.lines().any(|line| line.trim_start().starts_with("typing  openh264")), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_stream_reaches_every_subscriber() {
    let words = ["fanout", "--subscribers", "1,20", "--seconds", "0.5", "--fps", "30", "--size", "320x192"];
    let document = json(&[words.as_slice(), &["--server", "inside"]].concat());
    for (row, subscribers) in document["rows"].as_array().unwrap().iter().zip([1.0, 20.0]) {
        assert_eq!(row["subscribers"].as_f64(), Some(subscribers));
        assert!(row["per_subscriber"]["min"].as_f64() > Some(5.0), "{row:#}");
        assert_eq!((row["dropped"].as_f64(), row["stalls"].as_f64()), (Some(0.0), Some(0.0)));
        assert!(row["footprint"]["descriptors"].as_f64() > Some(2.0 * subscribers));
    }
}

#[test]
fn a_recording_is_raw_frames_that_differ() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scroll.bgrx");
    let said = run(&["record", "--kind", "scroll", "--frames", "3", "--size", "320x192", path.to_str().unwrap()]);
    let frames = std::fs::read(&path).unwrap();
    assert_eq!(frames.len(), 3 * 320 * 192 * 4);
    assert!(said.contains("3 frames of scroll"), "{said}");
    let (first, second) = (&frames[..320 * 192 * 4], &frames[320 * 192 * 4..][..320 * 192 * 4]);
    assert_ne!(first, second);
}

#[test]
fn mistakes_are_refused() {
    for words in [
        ["pipeline", "--kinds", "nosuch"],
        ["pipeline", "--encoders", "nosuch"],
        ["pipeline", "--frames", "0"],
        ["encode", "--kinds", "still"],
        ["encode", "--threads", "0"],
        ["record", "--frames", "3"],
    ] {
        assert!(Cli::try_parse_from(["lunette", "bench"].iter().chain(&words)).is_err(), "{words:?}");
    }
    let both = ["lunette", "bench", "pipeline", "--frames", "1", "--seconds", "1"];
    assert!(Cli::try_parse_from(both).is_err());
}
