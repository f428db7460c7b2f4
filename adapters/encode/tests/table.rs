//! The candidate table on the machine at hand.

use lunette_encode::{Choice, EncodeError, EncoderConfig, Kind, check_size, open, probe_all};
use lunette_frame::{BitRate, FrameRate, Quality, Size};

/// A 5K display.
const TOO_LARGE: Size = Size::new(5120, 2880);

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
            ("screen" | "openh264", _) => assert_eq!(probe.outcome, Ok(())),
            (_, Kind::Hardware) => assert!(probe.outcome.is_err_and(|reason| reason.len() > 10)),
            _ => {}
        }
    }
}

#[test]
fn auto_never_needs_a_gpl_library() {
    let encoder = open(&Choice::Auto, &config(Size::new(64, 64))).expect("there is always one");
    assert_eq!(encoder.name(), "screen");
}

#[test]
fn a_size_that_cannot_be_coded_is_known_before_anything_is_opened() {
    let choice = Choice::Named("openh264".to_owned());
    let asked = check_size(&choice, TOO_LARGE).expect_err("above level 5.2").to_string();
    let limit = "it takes 1 to 8688 pixels on a side and 9437184 in all";
    assert_eq!(asked, format!("openh264 cannot encode pictures of 5120x2880: {limit}"));
    let opened = open(&choice, &config(TOO_LARGE)).err().expect("refused");
    assert!(matches!(opened, EncodeError::Size { backend: "openh264", size: TOO_LARGE, .. }), "{opened}");
    check_size(&Choice::Auto, TOO_LARGE).expect("the screen encoder takes it");
    assert!(check_size(&Choice::Auto, Size::new(8193, 16)).is_err());
    // The same pixels as 4096x2304, but a column of macroblocks more.
    assert!(check_size(&choice, Size::new(4098, 2302)).is_err());
    for (width, height) in [(1, 1), (1920, 1080), (4096, 2304), (2304, 4096), (8688, 1072)] {
        check_size(&choice, Size::new(width, height)).expect("it fits");
    }
}

#[test]
fn an_encoder_that_is_not_here_still_knows_its_limit() {
    check_size(&Choice::Named("x264".to_owned()), TOO_LARGE).expect("within level 6.2");
    assert!(check_size(&Choice::Named("x265".to_owned()), TOO_LARGE).is_err());
}

#[test]
fn a_named_encoder_that_is_not_here_does_not_fall_back() {
    let error = open(&Choice::Named("videotoolbox".to_owned()), &config(Size::new(64, 64))).err().expect("refused");
    assert!(matches!(error, EncodeError::Unavailable { backend: "videotoolbox", .. }), "{error}");
}
