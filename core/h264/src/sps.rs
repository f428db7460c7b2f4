//! Sequence parameter sets: clauses 7.3.2.1.1 and 7.4.2.1.1.

use lunette_frame::{Rect, Size};

use crate::nal::parameter_set_rbsp;
use crate::vui::VuiLayout;
use crate::{BitReader, ConstraintFlags, H264Error, Level, NalType, Profile, Vui, scaling};

/// A sequence parameter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`.
    pub profile: Profile,
    /// `constraint_set0_flag` and the others.
    pub constraints: ConstraintFlags,
    /// `level_idc`.
    pub level: Level,
    /// `seq_parameter_set_id`, 0 to 31.
    pub id: u8,
    /// How chroma is sampled.
    pub chroma: ChromaFormat,
    /// Whether 4:4:4 colour planes are coded as three monochrome pictures.
    pub separate_colour_planes: bool,
    /// Bits of a luma sample, 8 to 14.
    pub bit_depth_luma: u8,
    /// Bits of a chroma sample, 8 to 14.
    pub bit_depth_chroma: u8,
    /// `qpprime_y_zero_transform_bypass_flag`: lossless macroblocks are possible.
    pub lossless_bypass: bool,
    /// Whether it carries scaling lists.
    pub has_scaling_matrix: bool,
    /// Bits of `frame_num`, 4 to 16.
    pub frame_num_bits: u8,
    /// How output order is coded.
    pub pic_order_count: PicOrderCount,
    /// Frames that later ones may refer to, 0 to 16.
    pub max_num_ref_frames: u8,
    /// `gaps_in_frame_num_value_allowed_flag`.
    pub gaps_in_frame_num: bool,
    /// Columns of macroblocks.
    pub width_mbs: u32,
    /// Rows of macroblocks in a frame.
    pub height_mbs: u32,
    /// Whether every picture is a frame, without fields.
    pub frame_mbs_only: bool,
    /// `mb_adaptive_frame_field_flag`.
    pub mb_adaptive_frame_field: bool,
    /// `direct_8x8_inference_flag`.
    pub direct_8x8_inference: bool,
    /// What is cut off the coded picture, in pixels.
    pub crop: Crop,
    /// Video usability information.
    pub vui: Option<Vui>,
}

/// How chroma is sampled (`chroma_format_idc`, table 6-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChromaFormat {
    /// 0: luma alone.
    Monochrome,
    /// 1: halved in both directions.
    Yuv420,
    /// 2: halved across.
    Yuv422,
    /// 3: as luma.
    Yuv444,
}

impl ChromaFormat {
    /// Its number.
    #[must_use]
    pub const fn idc(self) -> u8 {
        match self {
            Self::Monochrome => 0,
            Self::Yuv420 => 1,
            Self::Yuv422 => 2,
            Self::Yuv444 => 3,
        }
    }

    const fn from_idc(idc: u8) -> Self {
        match idc {
            0 => Self::Monochrome,
            1 => Self::Yuv420,
            2 => Self::Yuv422,
            _ => Self::Yuv444,
        }
    }
}

/// How output order is coded (`pic_order_cnt_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PicOrderCount {
    /// 0: each slice carries the low bits.
    Lsb {
        /// How many bits, 4 to 16.
        bits: u8,
    },
    /// 1: expected steps, with differences.
    Cycle {
        /// `delta_pic_order_always_zero_flag`.
        delta_always_zero: bool,
        /// Frames in a cycle of expected steps.
        frames: u8,
    },
    /// 2: output order is decoding order.
    DecodingOrder,
}

/// What is cut off the coded picture, in luma pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crop {
    /// Columns on the left.
    pub left: u32,
    /// Columns on the right.
    pub right: u32,
    /// Rows at the top.
    pub top: u32,
    /// Rows at the bottom.
    pub bottom: u32,
}

/// Where an SPS's parts lie, in bits of the RBSP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpsLayout {
    /// `vui_parameters_present_flag`.
    pub(crate) vui_flag: usize,
    /// The parts of the VUI.
    pub(crate) vui: Option<VuiLayout>,
}

impl Sps {
    /// Most macroblocks on a side: the root of eight times level 6.2's frame size (A.3.1).
    pub const MAX_SIDE_MBS: u32 = 1055;

    /// Reads an SPS NAL unit: header byte first, without start code.
    ///
    /// # Errors
    /// When it is not an SPS, is cut short, holds a forbidden value or data after its end, or describes a picture
    /// without pixels.
    pub fn parse(nal: &[u8]) -> Result<Self, H264Error> {
        let rbsp = parameter_set_rbsp(nal, NalType::Sps)?;
        Self::parse_rbsp(&rbsp).map(|(sps, _)| sps)
    }

    pub(crate) fn parse_rbsp(rbsp: &[u8]) -> Result<(Self, SpsLayout), H264Error> {
        let mut reader = BitReader::new(rbsp);
        let mut sps = Self::parse_head(&mut reader)?;
        sps.parse_picture(&mut reader)?;
        let vui_flag = reader.position();
        let mut layout = SpsLayout { vui_flag, vui: None };
        if reader.flag("vui_parameters_present_flag")? {
            let (vui, vui_layout) = Vui::parse(&mut reader)?;
            (sps.vui, layout.vui) = (Some(vui), Some(vui_layout));
        }
        reader.finish_rbsp("SPS")?;
        Ok((sps, layout))
    }

    /// Pixels that are coded: whole macroblocks.
    #[must_use]
    pub fn coded_size(&self) -> Size {
        Size::new(self.width_mbs * 16, self.height_mbs * 16)
    }

    /// The part of the coded picture that is shown.
    #[must_use]
    pub fn visible_rect(&self) -> Rect {
        let Crop { left, right, top, bottom } = self.crop;
        let coded = self.coded_size();
        Rect::new(left, top, coded.width - left - right, coded.height - top - bottom)
    }

    /// Pixels that are shown.
    #[must_use]
    pub fn visible_size(&self) -> Size {
        let rect = self.visible_rect();
        Size::new(rect.width, rect.height)
    }

    /// Whether it is level 1b, which the older profiles say with a constraint flag (A.3.1).
    #[must_use]
    pub fn is_level_1b(&self) -> bool {
        self.level.0 == 9 || (self.profile.is_first_edition() && self.level.0 == 11 && self.constraints.is_set(3))
    }

    /// Whether every picture is an IDR picture.
    #[must_use]
    pub fn is_intra_only(&self) -> bool {
        self.profile.is_intra_only(self.constraints)
    }

    /// The name that browsers and MP4 files give the stream, such as `avc1.42c01e` (RFC 6381).
    #[must_use]
    pub fn codec_string(&self) -> String {
        format!("avc1.{:02x}{:02x}{:02x}", self.profile.0, self.constraints.0, self.level.0)
    }

    /// Everything up to the sample format, with placeholders for what [`Sps::parse_picture`] reads.
    fn parse_head(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        let mut sps = Self {
            profile: Profile(reader.bits_u8("profile_idc", 8)?),
            constraints: ConstraintFlags(reader.bits_u8("constraint flags", 8)?),
            level: Level(reader.bits_u8("level_idc", 8)?),
            id: reader.ue_u8("seq_parameter_set_id", 31)?,
            chroma: ChromaFormat::Yuv420,
            separate_colour_planes: false,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            lossless_bypass: false,
            has_scaling_matrix: false,
            frame_num_bits: 4,
            pic_order_count: PicOrderCount::DecodingOrder,
            max_num_ref_frames: 0,
            gaps_in_frame_num: false,
            width_mbs: 0,
            height_mbs: 0,
            frame_mbs_only: true,
            mb_adaptive_frame_field: false,
            direct_8x8_inference: false,
            crop: Crop::default(),
            vui: None,
        };
        if sps.profile.has_chroma_format() {
            sps.parse_samples(reader)?;
        }
        Ok(sps)
    }

    fn parse_samples(&mut self, reader: &mut BitReader<'_>) -> Result<(), H264Error> {
        self.chroma = ChromaFormat::from_idc(reader.ue_u8("chroma_format_idc", 3)?);
        if self.chroma == ChromaFormat::Yuv444 {
            self.separate_colour_planes = reader.flag("separate_colour_plane_flag")?;
        }
        self.bit_depth_luma = 8 + reader.ue_u8("bit_depth_luma_minus8", 6)?;
        self.bit_depth_chroma = 8 + reader.ue_u8("bit_depth_chroma_minus8", 6)?;
        self.lossless_bypass = reader.flag("qpprime_y_zero_transform_bypass_flag")?;
        self.has_scaling_matrix = reader.flag("seq_scaling_matrix_present_flag")?;
        if self.has_scaling_matrix {
            scaling::skip(reader, if self.chroma == ChromaFormat::Yuv444 { 12 } else { 8 })?;
        }
        Ok(())
    }

    fn parse_picture(&mut self, reader: &mut BitReader<'_>) -> Result<(), H264Error> {
        self.frame_num_bits = 4 + reader.ue_u8("log2_max_frame_num_minus4", 12)?;
        self.pic_order_count = PicOrderCount::parse(reader)?;
        self.max_num_ref_frames = reader.ue_u8("max_num_ref_frames", 16)?;
        self.gaps_in_frame_num = reader.flag("gaps_in_frame_num_value_allowed_flag")?;
        let width_mbs = u64::from(reader.ue("pic_width_in_mbs_minus1")?) + 1;
        let map_units = u64::from(reader.ue("pic_height_in_map_units_minus1")?) + 1;
        self.frame_mbs_only = reader.flag("frame_mbs_only_flag")?;
        let height_mbs = map_units * if self.frame_mbs_only { 1 } else { 2 };
        (self.width_mbs, self.height_mbs) = checked_size(width_mbs, height_mbs)?;
        if !self.frame_mbs_only {
            self.mb_adaptive_frame_field = reader.flag("mb_adaptive_frame_field_flag")?;
        }
        self.direct_8x8_inference = reader.flag("direct_8x8_inference_flag")?;
        if reader.flag("frame_cropping_flag")? {
            self.crop = self.parse_crop(reader)?;
        }
        Ok(())
    }

    /// Cropping counts in chroma samples, and in rows of a field where there are fields (7-19 to 7-22).
    fn parse_crop(&self, reader: &mut BitReader<'_>) -> Result<Crop, H264Error> {
        let (unit_x, unit_y) = match self.chroma {
            ChromaFormat::Yuv420 => (2, 2),
            ChromaFormat::Yuv422 => (2, 1),
            ChromaFormat::Monochrome | ChromaFormat::Yuv444 => (1, 1),
        };
        let unit_y = if self.frame_mbs_only { unit_y } else { unit_y * 2 };
        let coded = self.coded_size();
        let (left, right) = (reader.ue("frame_crop_left_offset")?, reader.ue("frame_crop_right_offset")?);
        let (top, bottom) = (reader.ue("frame_crop_top_offset")?, reader.ue("frame_crop_bottom_offset")?);
        let columns = (u64::from(left) + u64::from(right)) * unit_x;
        let rows = (u64::from(top) + u64::from(bottom)) * unit_y;
        if columns >= coded.width.into() || rows >= coded.height.into() {
            return Err(H264Error::Crop { coded, columns, rows });
        }
        let pixels = |offset: u32, unit: u64| {
            u32::try_from(u64::from(offset) * unit).map_err(|_| H264Error::Crop { coded, columns, rows })
        };
        Ok(Crop {
            left: pixels(left, unit_x)?,
            right: pixels(right, unit_x)?,
            top: pixels(top, unit_y)?,
            bottom: pixels(bottom, unit_y)?,
        })
    }
}

fn checked_size(width_mbs: u64, height_mbs: u64) -> Result<(u32, u32), H264Error> {
    let (width, height) = (u32::try_from(width_mbs).unwrap_or(u32::MAX), u32::try_from(height_mbs).unwrap_or(u32::MAX));
    if width.max(height) > Sps::MAX_SIDE_MBS {
        return Err(H264Error::PictureSize { width_mbs: width, height_mbs: height });
    }
    Ok((width, height))
}

impl PicOrderCount {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        match reader.ue_u8("pic_order_cnt_type", 2)? {
            0 => Ok(Self::Lsb { bits: 4 + reader.ue_u8("log2_max_pic_order_cnt_lsb_minus4", 12)? }),
            1 => Self::parse_cycle(reader),
            _ => Ok(Self::DecodingOrder),
        }
    }

    fn parse_cycle(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        let delta_always_zero = reader.flag("delta_pic_order_always_zero_flag")?;
        reader.se("offset_for_non_ref_pic")?;
        reader.se("offset_for_top_to_bottom_field")?;
        let frames = reader.ue_u8("num_ref_frames_in_pic_order_cnt_cycle", 255)?;
        for _ in 0..frames {
            reader.se("offset_for_ref_frame")?;
        }
        Ok(Self::Cycle { delta_always_zero, frames })
    }
}
