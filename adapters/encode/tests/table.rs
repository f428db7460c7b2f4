//! The candidate table on the machine at hand.

use lunette_encode::{Choice, EncodeError, EncoderConfig, Kind, open, probe_all};
use lunette_frame::{BitRate, FrameRate, Quality, Size};

fn config(size: Size) -> EncoderConfig {
    EncoderConfig {
        size,
        fps: FrameRate::new(60, 1).expect("valid"),
        quality: Quality::DEFAULT,
        max_bitrate: BitRate::from_bits_per_second(8_000_000),
        threads: 1,
    }
}

#[test]
fn the_encoder_that_is_linked_in_passes_its_probe_and_hardware_says_why_not() {
    for probe in probe_all() {
        println!("{}: {:?}", probe.candidate.name, probe.outcome);
        match (probe.candidate.name, probe.candidate.kind) {
            ("openh264", _) => assert_eq!(probe.outcome, Ok(())),
            (_, Kind::Hardware) => assert!(probe.outcome.is_err_and(|reason| reason.len() > 10)),
            _ => {}
        }
    }
}

#[test]
fn auto_never_needs_a_gpl_library() {
    let encoder = open(&Choice::Auto, &config(Size::new(64, 64))).expect("there is always one");
    assert_eq!(encoder.name(), "openh264");
}

#[test]
fn a_size_that_cannot_be_coded_is_refused_at_once_with_the_cause() {
    let error = open(&Choice::Named("openh264".to_owned()), &config(Size::new(8, 64))).err().expect("refused");
    let EncodeError::Backend { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.to_string(), "width 8 is not in 16..=8688");
}

#[test]
fn a_named_encoder_that_is_not_here_does_not_fall_back() {
    let error = open(&Choice::Named("videotoolbox".to_owned()), &config(Size::new(64, 64))).err().expect("refused");
    assert!(matches!(error, EncodeError::Unavailable { backend: "videotoolbox", .. }), "{error}");
}
