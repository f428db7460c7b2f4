//! Picture parameter sets: clauses 7.3.2.2 and 7.4.2.2.

use crate::nal::parameter_set_rbsp;
use crate::{BitReader, ChromaFormat, H264Error, NalType, scaling};

/// A picture parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pps {
    /// `pic_parameter_set_id`.
    pub id: u8,
    /// The SPS that it belongs to, 0 to 31.
    pub sps_id: u8,
    /// How slices are entropy coded.
    pub entropy: EntropyMode,
    /// Whether slices of a frame carry the bottom field's order.
    pub bottom_field_pic_order: bool,
    /// Slice groups, 1 to 8.
    pub slice_groups: u8,
    /// Default sizes of reference lists 0 and 1, 1 to 32.
    pub ref_idx_active: [u8; 2],
    /// Whether P slices carry prediction weights.
    pub weighted_pred: bool,
    /// Prediction weights of B slices.
    pub weighted_bipred: WeightedBipred,
    /// Quantizer that slices count from (`pic_init_qp_minus26` + 26), below 0 for deep samples.
    pub init_qp: i8,
    /// `chroma_qp_index_offset`, for Cb and Cr.
    pub chroma_qp_offset: [i8; 2],
    /// Whether slices control the deblocking filter.
    pub deblocking_control: bool,
    /// `constrained_intra_pred_flag`.
    pub constrained_intra_pred: bool,
    /// `redundant_pic_cnt_present_flag`.
    pub redundant_pictures: bool,
    /// Whether the 8x8 transform may be used.
    pub transform_8x8: bool,
    /// Whether it carries scaling lists.
    pub has_scaling_matrix: bool,
}

/// How slices are entropy coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntropyMode {
    /// Variable-length codes.
    Cavlc,
    /// Arithmetic coding; not in Baseline.
    Cabac,
}

/// Prediction weights of B slices (`weighted_bipred_idc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightedBipred {
    /// Plain average.
    Default,
    /// Carried in the slice header.
    Explicit,
    /// Derived from distances in time.
    Implicit,
}

impl Pps {
    /// Reads a PPS NAL unit: header byte first, without start code. Its SPS's chroma format says how many scaling
    /// lists it can carry.
    ///
    /// # Errors
    /// When it is not a PPS, is cut short, holds a forbidden value, or data after its end.
    pub fn parse(nal: &[u8], chroma: ChromaFormat) -> Result<Self, H264Error> {
        let rbsp = parameter_set_rbsp(nal, NalType::Pps)?;
        let mut reader = BitReader::new(&rbsp);
        let mut pps = Self::parse_head(&mut reader)?;
        if reader.more_rbsp_data() {
            pps.parse_tail(&mut reader, chroma)?;
        }
        reader.finish_rbsp("PPS")?;
        Ok(pps)
    }

    fn parse_head(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        let id = reader.ue_u8("pic_parameter_set_id", 255)?;
        let sps_id = reader.ue_u8("seq_parameter_set_id", 31)?;
        let cabac = reader.flag("entropy_coding_mode_flag")?;
        let bottom_field_pic_order = reader.flag("bottom_field_pic_order_in_frame_present_flag")?;
        let slice_groups = reader.ue_u8("num_slice_groups_minus1", 7)? + 1;
        if slice_groups > 1 {
            skip_slice_groups(reader, slice_groups)?;
        }
        let ref_idx_active = [
            reader.ue_u8("num_ref_idx_l0_default_active_minus1", 31)? + 1,
            reader.ue_u8("num_ref_idx_l1_default_active_minus1", 31)? + 1,
        ];
        let weighted_pred = reader.flag("weighted_pred_flag")?;
        let weighted_bipred = WeightedBipred::parse(reader)?;
        // Samples of 14 bits reach down to -(26 + 36).
        let init_qp = 26 + reader.se_within("pic_init_qp_minus26", -62..=25)?;
        reader.se_within("pic_init_qs_minus26", -26..=25)?;
        let cb_offset = reader.se_within("chroma_qp_index_offset", -12..=12)?;
        Ok(Self {
            id,
            sps_id,
            entropy: if cabac { EntropyMode::Cabac } else { EntropyMode::Cavlc },
            bottom_field_pic_order,
            slice_groups,
            ref_idx_active,
            weighted_pred,
            weighted_bipred,
            init_qp,
            chroma_qp_offset: [cb_offset; 2],
            deblocking_control: reader.flag("deblocking_filter_control_present_flag")?,
            constrained_intra_pred: reader.flag("constrained_intra_pred_flag")?,
            redundant_pictures: reader.flag("redundant_pic_cnt_present_flag")?,
            transform_8x8: false,
            has_scaling_matrix: false,
        })
    }

    fn parse_tail(&mut self, reader: &mut BitReader<'_>, chroma: ChromaFormat) -> Result<(), H264Error> {
        self.transform_8x8 = reader.flag("transform_8x8_mode_flag")?;
        self.has_scaling_matrix = reader.flag("pic_scaling_matrix_present_flag")?;
        if self.has_scaling_matrix {
            let of_8x8 = match (self.transform_8x8, chroma) {
                (false, _) => 0,
                (true, ChromaFormat::Yuv444) => 6,
                (true, _) => 2,
            };
            scaling::skip(reader, 6 + of_8x8)?;
        }
        self.chroma_qp_offset[1] = reader.se_within("second_chroma_qp_index_offset", -12..=12)?;
        Ok(())
    }
}

impl WeightedBipred {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        let field = "weighted_bipred_idc";
        match reader.bits_u8(field, 2)? {
            0 => Ok(Self::Default),
            1 => Ok(Self::Explicit),
            2 => Ok(Self::Implicit),
            other => Err(H264Error::OutOfRange { field, value: other.into(), min: 0, max: 2 }),
        }
    }
}

fn skip_slice_groups(reader: &mut BitReader<'_>, groups: u8) -> Result<(), H264Error> {
    match reader.ue_u8("slice_group_map_type", 6)? {
        0 => {
            for _ in 0..groups {
                reader.ue("run_length_minus1")?;
            }
        }
        2 => {
            for _ in 1..groups {
                reader.ue("top_left")?;
                reader.ue("bottom_right")?;
            }
        }
        3..=5 => {
            reader.flag("slice_group_change_direction_flag")?;
            reader.ue("slice_group_change_rate_minus1")?;
        }
        6 => {
            let units = reader.ue_max("pic_size_in_map_units_minus1", 0xff_ffff)? as usize + 1;
            // Ceil(Log2(groups)) bits each.
            let bits = (groups - 1).ilog2() as usize + 1;
            reader.skip("slice_group_id", units * bits)?;
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BitWriter, emulation};

    /// A PPS whose slice group part is written by `groups`.
    fn pps(count: u8, groups: impl Fn(&mut BitWriter)) -> Vec<u8> {
        let mut writer = BitWriter::default();
        writer.ue(7);
        writer.ue(3);
        writer.bits(0, 2);
        writer.ue(u32::from(count) - 1);
        groups(&mut writer);
        writer.ue(0);
        writer.ue(31);
        writer.bits(0, 3);
        writer.se(-10);
        writer.se(0);
        writer.se(12);
        writer.bits(0b111, 3);
        let mut nal = vec![0x68];
        emulation::escape(&writer.finish_rbsp(), &mut nal);
        nal
    }

    fn check(count: u8, groups: impl Fn(&mut BitWriter)) {
        let pps = Pps::parse(&pps(count, groups), ChromaFormat::Yuv420).expect("well formed");
        assert_eq!((pps.id, pps.sps_id, pps.slice_groups), (7, 3, count));
        assert_eq!((pps.ref_idx_active, pps.init_qp, pps.chroma_qp_offset), ([1, 32], 16, [12, 12]));
        assert!(pps.deblocking_control && pps.constrained_intra_pred && pps.redundant_pictures);
    }

    #[test]
    fn every_slice_group_map_is_passed_over() {
        let fields = |writer: &mut BitWriter, values: &[u32]| values.iter().for_each(|value| writer.ue(*value));
        check(3, |writer| fields(writer, &[0, 5, 6, 7]));
        check(2, |writer| fields(writer, &[1]));
        check(3, |writer| fields(writer, &[2, 1, 9, 2, 8]));
        check(2, |writer| {
            fields(writer, &[4]);
            writer.flag(true);
            fields(writer, &[99]);
        });
        for (count, bits) in [(2, 1), (3, 2), (4, 2), (5, 3), (8, 3)] {
            check(count, |writer| {
                fields(writer, &[6, 98]);
                (0..99).for_each(|_| writer.bits(1, bits));
            });
        }
    }

    #[test]
    fn a_slice_group_map_longer_than_the_data_is_refused() {
        let nal = pps(2, |writer| {
            writer.ue(6);
            writer.ue(0xff_ffff);
        });
        let refused = Pps::parse(&nal, ChromaFormat::Yuv420);
        assert!(matches!(refused, Err(H264Error::Ended { field: "slice_group_id", .. })), "{refused:?}");
    }

    #[test]
    fn weights_of_a_fourth_kind_are_refused() {
        let mut writer = BitWriter::default();
        writer.bits(0b110, 3);
        writer.bits(0, 1);
        writer.bits(0b111, 3);
        writer.bits(0b011, 3);
        let nal = [&[0x68], &writer.finish_rbsp()[..]].concat();
        let refused = Pps::parse(&nal, ChromaFormat::Yuv420);
        assert_eq!(refused, Err(H264Error::OutOfRange { field: "weighted_bipred_idc", value: 3, min: 0, max: 2 }));
    }
}
