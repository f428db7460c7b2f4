//! Faults of earlier systems that this crate must not repeat.

use std::borrow::Cow;

use lunette_frame::UnitKind;
use lunette_h264::*;

mod support;

use support::streams::{self, Stream};
use support::write_sps;

const IDR: &[u8] = &[0x65, 0x88, 0x84, 0x21];
const DELTA: &[u8] = &[0x41, 0x9a, 0x21, 0x4c];
const DELIMITER: &[u8] = &[0x09, 0x10];

fn sample(nals: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for nal in nals {
        out.extend(u32::try_from(nal.len()).expect("short").to_be_bytes());
        out.extend(*nal);
    }
    out
}

fn stream_of(nals: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for nal in nals {
        annexb::push(Nal::new(nal).expect("not empty"), &mut out);
    }
    out
}

fn converted(config: &AvcConfig, nals: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    config.access_unit_to_annexb(&sample(nals), &mut out).expect("well formed");
    out
}

/// An SPS without VUI, as encoders write it that leave the delay to the level's worst case.
fn silent_sps(stream: &Stream) -> Vec<u8> {
    let sps = Sps { vui: None, ..Sps::parse(&stream.sps()).expect("well formed") };
    write_sps(&sps, &mut support::Dice::new(&[0]))
}

/// Row 3: parameter sets outside the data, lengths instead of start codes, and no viewer ever saw a picture.
#[test]
fn parameter_sets_kept_outside_the_samples_come_before_every_idr_picture() {
    let (sps, pps) = (streams::HIGH.sps(), streams::HIGH.pps());
    let record = AvcConfig::new(LengthSize::Four, vec![sps.clone()], vec![pps.clone()]).expect("well formed").encode();
    let config = AvcConfig::decode(&record).expect("well formed");
    for _ in 0..2 {
        let unit = converted(&config, &[DELIMITER, IDR]);
        assert_eq!(unit, stream_of(&[DELIMITER, &sps, &pps, IDR]));
        assert_eq!(AccessUnitFacts::inspect(&unit).map(|facts| facts.kind()), Ok(UnitKind::Idr));
        assert_eq!(converted(&config, &[DELTA]), stream_of(&[DELTA]));
    }
}

/// Row 3: an encoder that does repeat them is left alone.
#[test]
fn parameter_sets_inside_the_samples_are_not_doubled() {
    let (sps, pps) = (streams::HIGH.sps(), streams::HIGH.pps());
    let config = AvcConfig::new(LengthSize::Four, vec![sps.clone()], vec![pps.clone()]).expect("well formed");
    assert_eq!(converted(&config, &[&sps, &pps, IDR]), stream_of(&[&sps, &pps, IDR]));
}

/// Row 3: the mistake is named where it is made.
#[test]
fn length_prefixed_data_is_refused_where_a_byte_stream_is_expected() {
    let unit = sample(&[IDR]);
    let expected = H264Error::NoStartCode { offset: 3, byte: 4 };
    assert_eq!(AccessUnitFacts::inspect(&unit), Err(expected));
    assert_eq!(LowDelay::default().rewrite_access_unit(&unit), Err(expected));
    assert_eq!(expected.to_string(), "no Annex B start code at the beginning: byte 3 is 0x04");
}

/// Row 4: a consumer demanded one profile. Any is taken, and what it is comes from the SPS.
#[test]
fn every_profile_is_read_and_rewritten() {
    for stream in &streams::ALL {
        let unit = stream_of(&[&stream.sps(), &stream.pps(), IDR]);
        let rewritten = LowDelay::default().rewrite_access_unit(&unit).expect(stream.name);
        let facts = AccessUnitFacts::inspect(&rewritten).expect(stream.name);
        let sps = facts.sps.expect(stream.name);
        assert!(sps.is_low_delay && facts.kind() == UnitKind::Idr, "{}", stream.name);
        assert_eq!((sps.visible.width, sps.visible.height), stream.visible, "{}", stream.name);
    }
}

/// Row 65: decoders held pictures back because nothing told them that none is reordered.
#[test]
fn a_silent_sps_is_made_to_promise_no_reordering() {
    let sps = silent_sps(&streams::HIGH);
    let rewritten = LowDelay::default().rewrite_sps(&sps).expect("well formed");
    let after = Sps::parse(&rewritten).expect("well formed");
    let restriction = after.vui.and_then(|vui| vui.restriction).expect("written");
    assert_eq!((restriction.max_num_reorder_frames, restriction.max_dec_frame_buffering), (0, 4));
    assert!(restriction.motion_vectors_over_pic_boundaries, "what a decoder infers stays true");
    assert_eq!((restriction.max_bytes_per_pic_denom, restriction.max_bits_per_mb_denom), (2, 1));
}

/// Row 65: what an encoder says already stays as it is, bit for bit.
#[test]
fn a_low_delay_sps_is_returned_as_it_came() {
    for stream in [streams::BASELINE, streams::ZERO_LATENCY, streams::LEVEL_1B, streams::SLICES] {
        let unit = stream_of(&[&stream.sps(), &stream.pps(), IDR]);
        let rewritten = LowDelay::default().rewrite_access_unit(&unit);
        assert!(matches!(rewritten, Ok(Cow::Borrowed(same)) if same.as_ptr() == unit.as_ptr()), "{}", stream.name);
    }
}

/// Row 65: a decoder takes 0 frames for "not known"; only all-IDR profiles must say 0.
#[test]
fn a_stream_without_references_still_holds_one_frame() {
    let sps = Sps { max_num_ref_frames: 0, vui: None, ..Sps::parse(&streams::HIGH.sps()).expect("well formed") };
    let written = write_sps(&sps, &mut support::Dice::new(&[0]));
    for (nal, held) in [(written, 1), (streams::INTRA_10.sps(), 0)] {
        let after = Sps::parse(&LowDelay::default().rewrite_sps(&nal).expect("well formed")).expect("well formed");
        let restriction = after.vui.and_then(|vui| vui.restriction).expect("written");
        assert_eq!((restriction.max_num_reorder_frames, restriction.max_dec_frame_buffering), (0, held));
    }
}

/// Row 65: everything around the SPS stays, start codes included.
#[test]
fn a_rewrite_touches_nothing_outside_the_sps() {
    let (silent, pps) = (silent_sps(&streams::HIGH), streams::HIGH.pps());
    let mut unit = stream_of(&[DELIMITER]);
    for nal in [&silent[..], &pps, IDR] {
        unit.extend([0, 0, 1]);
        unit.extend(nal);
    }
    unit.push(0);
    let rewritten = LowDelay::default().rewrite_access_unit(&unit).expect("well formed");
    let sps = LowDelay::default().rewrite_sps(&silent).expect("well formed");
    let expected = [&stream_of(&[DELIMITER])[..], &[0, 0, 1], &sps, &[0, 0, 1], &pps, &[0, 0, 1], IDR, &[0]].concat();
    assert_eq!(*rewritten, expected[..]);
}

#[test]
fn colours_are_written_only_where_there_are_none() {
    let rule = LowDelay { colour: Colour::Bt709WhenAbsent };
    let signal = |nal: &[u8]| {
        let rewritten = rule.rewrite_sps(nal).expect("well formed");
        Sps::parse(&rewritten).expect("well formed").vui.and_then(|vui| vui.video_signal).expect("written")
    };
    let colour = Some(ColourDescription::BT709);
    let limited = VideoSignal { format: 5, full_range: false, colour };
    assert_eq!(signal(&silent_sps(&streams::HIGH)), limited, "no VUI");
    assert_eq!(signal(&streams::HIGH.sps()), limited, "no signal type");
    assert_eq!(signal(&streams::GRAY.sps()), VideoSignal { full_range: true, ..limited }, "a range, no colours");
    assert_eq!(signal(&streams::BUFFER_MODEL.sps()), VideoSignal { format: 0, ..limited }, "both");
}

#[test]
fn constraint_flag_three_stays_as_the_encoder_wrote_it() {
    for stream in [&streams::BASELINE, &streams::MAIN, &streams::HIGH, &streams::LEVEL_1B] {
        let constraints = |nal: &[u8]| Sps::parse(nal).expect("well formed").constraints;
        let sps = silent_sps(stream);
        let rewritten = LowDelay::default().rewrite_sps(&sps).expect("well formed");
        assert_eq!(constraints(&rewritten), constraints(&sps), "{}", stream.name);
    }
}
