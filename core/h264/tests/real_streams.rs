//! Parameter sets of real streams against what an independent analyser says about them.

use lunette_frame::{Rect, Size};
use lunette_h264::*;

mod support;

use support::streams::{self, Stream};

fn sps(stream: &Stream) -> Sps {
    Sps::parse(&stream.sps()).unwrap_or_else(|error| panic!("{}: {error}", stream.name))
}

fn pps(stream: &Stream) -> Pps {
    let chroma = sps(stream).chroma;
    Pps::parse(&stream.pps(), chroma).unwrap_or_else(|error| panic!("{}: {error}", stream.name))
}

#[test]
fn sizes_delay_and_codec_are_those_of_the_stream() {
    for stream in &streams::ALL {
        let sps = sps(stream);
        let (name, visible, coded) = (stream.name, sps.visible_size(), sps.coded_size());
        assert_eq!((visible.width, visible.height), stream.visible, "{name}");
        assert_eq!((coded.width, coded.height), stream.coded, "{name}");
        assert_eq!(sps.codec_string(), stream.codec, "{name}");
        let restriction = sps.vui.and_then(|vui| vui.restriction);
        let delay = restriction.map(|limits| (limits.max_num_reorder_frames, limits.max_dec_frame_buffering));
        assert_eq!(delay, stream.delay, "{name}");
    }
}

#[test]
fn sample_formats_are_read() {
    let format = |stream| {
        let Sps { chroma, bit_depth_luma, bit_depth_chroma, .. } = sps(&stream);
        (chroma, bit_depth_luma, bit_depth_chroma)
    };
    assert_eq!(format(streams::BASELINE), (ChromaFormat::Yuv420, 8, 8));
    assert_eq!(format(streams::GRAY), (ChromaFormat::Monochrome, 8, 8));
    assert_eq!(format(streams::HIGH_10), (ChromaFormat::Yuv420, 10, 10));
    assert_eq!(format(streams::HIGH_422), (ChromaFormat::Yuv422, 10, 10));
    assert_eq!(format(streams::HIGH_444), (ChromaFormat::Yuv444, 8, 8));
}

#[test]
fn interlaced_rows_count_twice() {
    let sps = sps(&streams::INTERLACED);
    assert!(!sps.frame_mbs_only && sps.mb_adaptive_frame_field);
    assert_eq!(sps.visible_rect(), Rect::new(0, 0, 1920, 1080));
    assert_eq!(sps.pic_order_count, PicOrderCount::Lsb { bits: 6 });
}

#[test]
fn the_buffer_model_is_read_whole() {
    let vui = sps(&streams::BUFFER_MODEL).vui.expect("present");
    let hrd = vui.nal_hrd.as_ref().expect("present");
    assert_eq!((hrd.bit_rate(0), hrd.cpb_size(0)), (Some(2_000_000), Some(1_000_000)));
    assert_eq!((hrd.schedules.len(), hrd.bit_rate(1)), (1, None));
    assert!(hrd.schedules[0].constant_rate);
    assert_eq!((hrd.initial_removal_delay_bits, hrd.removal_delay_bits), (18, 13));
    assert_eq!((hrd.output_delay_bits, hrd.time_offset_bits), (7, 0));
    assert_eq!((vui.vcl_hrd, vui.low_delay_hrd, vui.pic_struct_present), (None, Some(false), true));
    assert_eq!(vui.overscan_appropriate, Some(false));
    assert_eq!(vui.chroma_location, Some(ChromaLocation { top: 1, bottom: 1 }));
    assert_eq!(vui.timing, Some(Timing { num_units_in_tick: 1, time_scale: 60, fixed_frame_rate: false }));
    let colour = Some(ColourDescription::BT709);
    assert_eq!(vui.video_signal, Some(VideoSignal { format: 0, full_range: false, colour }));
}

#[test]
fn picture_parameter_sets_are_read() {
    let baseline = pps(&streams::BASELINE);
    assert_eq!((baseline.entropy, baseline.transform_8x8), (EntropyMode::Cavlc, false));
    assert_eq!((baseline.weighted_pred, baseline.weighted_bipred), (false, WeightedBipred::Default));
    assert_eq!((baseline.init_qp, baseline.ref_idx_active), (23, [3, 1]));
    let high = pps(&streams::HIGH);
    assert_eq!((high.entropy, high.transform_8x8), (EntropyMode::Cabac, true));
    assert_eq!((high.weighted_pred, high.weighted_bipred), (true, WeightedBipred::Implicit));
    assert_eq!((high.chroma_qp_offset, high.deblocking_control), ([-2, -2], true));
    assert!(pps(&streams::MATRIX).has_scaling_matrix && !high.has_scaling_matrix);
    for stream in &streams::ALL {
        assert_eq!((pps(stream).id, pps(stream).sps_id, pps(stream).slice_groups), (0, 0, 1), "{}", stream.name);
    }
}

#[test]
fn the_constraint_flag_of_level_1b_is_understood() {
    assert!(sps(&streams::LEVEL_1B).is_level_1b());
    assert!(!sps(&streams::LEVEL_1B).is_intra_only());
    assert!(sps(&streams::INTRA_10).is_intra_only() && !sps(&streams::INTRA_10).is_level_1b());
}

#[test]
fn every_stream_survives_rewrite_and_record() {
    for stream in &streams::ALL {
        invariants::check_parameter_sets(&stream.sps());
        let config = AvcConfig::new(LengthSize::Four, vec![stream.sps()], vec![stream.pps()]).expect(stream.name);
        assert_eq!(AvcConfig::decode(&config.encode()), Ok(config), "{}", stream.name);
    }
}

#[test]
fn a_record_has_the_bytes_of_the_format() {
    let stream = streams::HIGH_444;
    let config = AvcConfig::new(LengthSize::Two, vec![stream.sps()], vec![stream.pps()]).expect("well formed");
    let mut expected = vec![1, 0xf4, 0, 0x20, 0xfd, 0xe1, 0, 27];
    expected.extend(stream.sps());
    expected.extend([1, 0, 6]);
    expected.extend(stream.pps());
    expected.extend([0xff, 0xf8, 0xf8, 0]);
    assert_eq!(config.encode(), expected);
    let without_tail = AvcConfig::decode(&expected[..expected.len() - 4]);
    assert_eq!(without_tail.as_ref(), Ok(&config), "many writers leave the tail out");
}

#[test]
fn a_record_that_lies_is_refused() {
    let stream = streams::BASELINE;
    let good = AvcConfig::new(LengthSize::Four, vec![stream.sps()], vec![stream.pps()]).expect("well formed").encode();
    let changed = |at: usize, byte: u8| {
        let mut record = good.clone();
        record[at] = byte;
        AvcConfig::decode(&record).unwrap_err()
    };
    assert_eq!(changed(0, 2), H264Error::ConfigVersion(2));
    assert_eq!(changed(4, 0xfe), H264Error::LengthSize(3));
    assert_eq!(changed(5, 0xe0), H264Error::Missing(NalType::Sps));
    assert_eq!(changed(8, 0x68), H264Error::UnexpectedNal { wanted: NalType::Sps, found: NalType::Pps });
    assert_eq!(AvcConfig::new(LengthSize::Four, vec![], vec![stream.pps()]), Err(H264Error::Missing(NalType::Sps)));
    assert_eq!(AvcConfig::new(LengthSize::Four, vec![stream.sps()], vec![]), Err(H264Error::Missing(NalType::Pps)));
    let many = AvcConfig::new(LengthSize::Four, vec![stream.sps(); 32], vec![stream.pps()]);
    assert_eq!(many, Err(H264Error::TooLong { what: "SPSs", len: 32, max: 31 }));
}

#[test]
fn facts_tell_visible_from_coded_size() {
    let stream = streams::MAIN;
    let mut unit = Vec::new();
    for bytes in [stream.sps(), stream.pps(), vec![0x65, 0x88, 0x84]] {
        annexb::push(Nal::new(&bytes).expect("not empty"), &mut unit);
    }
    let facts = AccessUnitFacts::inspect(&unit).expect("well formed");
    let expected = SpsFacts { visible: Size::new(1920, 1080), coded: Size::new(1920, 1088), is_low_delay: false };
    assert_eq!(facts.sps, Some(expected));
    assert!(facts.is_one_picture());
}
