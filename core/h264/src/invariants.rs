//! What must hold for any bytes at all: clauses 7.3 and Annex B, as checks that fuzzers and property tests share.

use std::borrow::Cow;

use crate::{
    AccessUnitFacts, AvcConfig, BitstreamRestriction, ChromaFormat, Colour, ColourDescription, LengthSize, LowDelay,
    Nal, Pps, Sps, VideoSignal, annexb, avcc,
};

/// Reads `bytes` as an SPS, as a PPS and as a configuration record, and rewrites what is an SPS.
///
/// # Panics
/// When a rewrite changes anything but what it was asked to, or changes its own result again; when a record does
/// not survive being encoded.
pub fn check_parameter_sets(bytes: &[u8]) {
    if let Ok(before) = Sps::parse(bytes) {
        for colour in [Colour::Keep, Colour::Bt709WhenAbsent] {
            check_rewrite(bytes, &before, LowDelay { colour });
        }
    }
    for chroma in [ChromaFormat::Yuv420, ChromaFormat::Yuv444] {
        if let Ok(pps) = Pps::parse(bytes, chroma) {
            assert!(pps.sps_id < 32 && (1..=8).contains(&pps.slice_groups), "ids and counts are capped");
        }
    }
    if let Ok(config) = AvcConfig::decode(bytes) {
        assert_eq!(AvcConfig::decode(&config.encode()), Ok(config), "a record survives being encoded");
    }
}

fn check_rewrite(bytes: &[u8], before: &Sps, rule: LowDelay) {
    let rewritten = rule.rewrite_sps(bytes).expect("what parses can be rewritten");
    let mut after = Sps::parse(&rewritten).expect("what was rewritten parses");
    assert!(after.is_low_delay());
    let again = rule.rewrite_sps(&rewritten).expect("what was rewritten can be rewritten");
    assert!(matches!(again, Cow::Borrowed(_)), "a second rewrite changes nothing");
    // With the asked-for parts put back, nothing is different.
    let asked = after.vui.take().unwrap_or_default();
    let mut kept = before.vui.clone().unwrap_or_default();
    kept.restriction = asked.restriction.map(|restriction| BitstreamRestriction {
        max_num_reorder_frames: restriction.max_num_reorder_frames,
        max_dec_frame_buffering: restriction.max_dec_frame_buffering,
        ..kept.restriction.unwrap_or(restriction)
    });
    if rule.colour == Colour::Bt709WhenAbsent && kept.colour().is_none() {
        let signal = kept.video_signal.unwrap_or(VideoSignal { format: 5, full_range: false, colour: None });
        kept.video_signal = Some(VideoSignal { colour: Some(ColourDescription::BT709), ..signal });
    }
    assert_eq!(kept, asked, "the rest of the VUI is untouched");
    assert_eq!(Sps { vui: None, ..before.clone() }, after, "the rest of the SPS is untouched");
}

/// Reads `bytes` as an access unit in both forms, and converts it there and back.
///
/// # Panics
/// When a conversion loses or changes a NAL unit, or a rewrite changes what kinds of units there are.
pub fn check_access_unit(bytes: &[u8]) {
    let facts = AccessUnitFacts::inspect(bytes);
    if let Ok(rewritten) = LowDelay::default().rewrite_access_unit(bytes) {
        assert_eq!(kinds(bytes), kinds(&rewritten), "a rewrite keeps every unit");
        let after = AccessUnitFacts::inspect(&rewritten).ok().map(|facts| facts.slices);
        assert_eq!(facts.ok().map(|facts| facts.slices), after, "a rewrite keeps every slice");
    }
    check_conversion(bytes);
    for length_size in [LengthSize::One, LengthSize::Two, LengthSize::Four] {
        let mut stream = Vec::new();
        if avcc::to_annexb(bytes, length_size, &mut stream).is_ok() {
            check_conversion(&stream);
        }
    }
}

fn kinds(bytes: &[u8]) -> Vec<u8> {
    annexb::units(bytes).expect("checked by the caller").map(|nal| nal.kind().number()).collect()
}

fn check_conversion(stream: &[u8]) {
    let mut sample = Vec::new();
    if avcc::from_annexb(stream, &mut sample).is_err() {
        return;
    }
    let units: Vec<_> = annexb::units(stream).expect("it was converted").map(Nal::bytes).collect();
    let prefixed: Vec<_> =
        avcc::units(&sample, LengthSize::Four).map(|nal| nal.expect("lengths of our own").bytes()).collect();
    assert_eq!(units, prefixed, "a conversion keeps every unit");
    let mut back = Vec::new();
    avcc::to_annexb(&sample, LengthSize::Four, &mut back).expect("units of a byte stream hold no start code");
    let back: Vec<_> = annexb::units(&back).expect("start codes of our own").map(Nal::bytes).collect();
    assert_eq!(units, back, "a conversion back keeps every unit");
}
