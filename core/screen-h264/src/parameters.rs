//! Parameter sets: syntax of 7.3.2.1.1, 7.3.2.2 and E.1.1, semantics of 7.4.2.

use lunette_frame::Size;
use lunette_h264::{BitWriter, ColourDescription, Level, NalType, Profile, annexb, emulation};

/// Bits of `frame_num`.
pub(crate) const FRAME_NUM_BITS: u32 = 8;

/// `constraint_set0_flag` and `constraint_set1_flag`: what Baseline and Main share, called constrained baseline.
const CONSTRAINED: u64 = 0xc0;

/// Appends SPS and PPS for pictures of `visible` pixels, whose sides are even.
pub(crate) fn write(visible: Size, level: Level, out: &mut Vec<u8>) {
    push_nal(NalType::Sps, &sps(visible, level), out);
    push_nal(NalType::Pps, &pps(), out);
}

/// Appends a NAL unit that others refer to.
pub(crate) fn push_nal(kind: NalType, rbsp: &[u8], out: &mut Vec<u8>) {
    const REFERENCE: u8 = 3 << 5;
    let number = match kind {
        NalType::Slice => 1,
        NalType::IdrSlice => 5,
        NalType::Sps => 7,
        _ => 8,
    };
    out.extend_from_slice(&annexb::START_CODE);
    out.push(REFERENCE | number);
    emulation::escape(rbsp, out);
}

fn sps(visible: Size, level: Level) -> Vec<u8> {
    let mut writer = BitWriter::with_capacity(40);
    writer.bits(Profile::BASELINE.0.into(), 8);
    writer.bits(CONSTRAINED, 8);
    writer.bits(level.0.into(), 8);
    // seq_parameter_set_id, log2_max_frame_num_minus4; pic_order_cnt_type 2: shown in the order of decoding.
    writer.ue(0);
    writer.ue(FRAME_NUM_BITS - 4);
    writer.ue(2);
    // One reference frame; frame_num has no gaps.
    writer.ue(1);
    writer.flag(false);
    let (columns, rows) = (visible.width.div_ceil(16), visible.height.div_ceil(16));
    writer.ue(columns - 1);
    writer.ue(rows - 1);
    // frame_mbs_only_flag, direct_8x8_inference_flag.
    writer.bits(0b11, 2);
    let (right, bottom) = ((columns * 16 - visible.width) / 2, (rows * 16 - visible.height) / 2);
    writer.flag(right + bottom > 0);
    if right + bottom > 0 {
        for offset in [0, right, 0, bottom] {
            writer.ue(offset);
        }
    }
    writer.flag(true);
    vui(&mut writer);
    writer.finish_rbsp()
}

/// BT.709 in limited range, and nothing is reordered.
fn vui(writer: &mut BitWriter) {
    // Neither aspect ratio nor overscan; a signal type: format unspecified, limited range, with colours.
    writer.bits(0b00, 2);
    writer.flag(true);
    writer.bits(5, 3);
    writer.bits(0b01, 2);
    let ColourDescription { primaries, transfer, matrix } = ColourDescription::BT709;
    for code in [primaries, transfer, matrix] {
        writer.bits(code.into(), 8);
    }
    // Neither chroma location, timing, buffer models, nor pic_struct.
    writer.bits(0, 5);
    // A restriction: vectors over picture boundaries may be; no limit of bytes or bits; lengths of vectors.
    writer.bits(0b11, 2);
    for value in [0, 0, 15, 11] {
        writer.ue(value);
    }
    // max_num_reorder_frames, max_dec_frame_buffering.
    writer.ue(0);
    writer.ue(1);
}

fn pps() -> Vec<u8> {
    let mut writer = BitWriter::with_capacity(8);
    // Both ids; CAVLC; no bottom_field_pic_order_in_frame; one slice group; one reference in each list.
    writer.ue(0);
    writer.ue(0);
    writer.bits(0b00, 2);
    for _ in 0..3 {
        writer.ue(0);
    }
    // No weighted prediction; QP 26; chroma follows luma.
    writer.bits(0b000, 3);
    for _ in 0..3 {
        writer.se(0);
    }
    // Slices say whether they are deblocked; intra prediction is not constrained; no redundant pictures.
    writer.bits(0b100, 3);
    writer.finish_rbsp()
}

#[cfg(test)]
mod tests {
    use lunette_h264::{AccessUnitFacts, ChromaFormat, Nal, Pps, Sps};

    use super::*;

    fn written(visible: Size) -> (Sps, Pps) {
        let mut out = Vec::new();
        write(visible, Level(42), &mut out);
        let units: Vec<_> = annexb::units(&out).unwrap().map(Nal::bytes).collect();
        assert_eq!(units.len(), 2);
        assert!(AccessUnitFacts::inspect(&out).unwrap().has_sps());
        (Sps::parse(units[0]).unwrap(), Pps::parse(units[1], ChromaFormat::Yuv420).unwrap())
    }

    #[test]
    fn they_are_read_as_constrained_baseline_without_delay() {
        let (sps, _) = written(Size::new(1920, 1080));
        assert_eq!((sps.profile, sps.level, sps.max_num_ref_frames), (Profile::BASELINE, Level(42), 1));
        assert!(sps.constraints.is_set(0) && sps.constraints.is_set(1) && !sps.constraints.is_set(3));
        assert!(sps.is_low_delay());
        let vui = sps.vui.unwrap();
        assert_eq!(vui.colour(), Some(ColourDescription::BT709));
        assert!(!vui.video_signal.unwrap().full_range);
    }

    #[test]
    fn any_even_size_is_visible() {
        for (width, height) in [(16, 16), (18, 30), (1920, 1080), (8192, 8192), (2, 8000)] {
            let (sps, _) = written(Size::new(width, height));
            assert_eq!(sps.visible_size(), Size::new(width, height));
        }
    }
}
