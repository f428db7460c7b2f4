//! Video usability information: clauses E.1.1 and E.2.1.

use crate::{BitReader, H264Error, Hrd};

/// `vui_parameters`; `None` where the stream says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vui {
    /// Shape of a pixel.
    pub aspect_ratio: Option<AspectRatio>,
    /// Whether an overscanned display is fine.
    pub overscan_appropriate: Option<bool>,
    /// Range and colour of the samples.
    pub video_signal: Option<VideoSignal>,
    /// Where chroma samples lie.
    pub chroma_location: Option<ChromaLocation>,
    /// Field rate.
    pub timing: Option<Timing>,
    /// Buffer model of all NAL units.
    pub nal_hrd: Option<Hrd>,
    /// Buffer model of the picture's NAL units.
    pub vcl_hrd: Option<Hrd>,
    /// `low_delay_hrd_flag`: big pictures may miss their removal time. Only with a buffer model.
    pub low_delay_hrd: Option<bool>,
    /// Whether picture timing messages say how a picture is shown.
    pub pic_struct_present: bool,
    /// What the stream promises not to do.
    pub restriction: Option<BitstreamRestriction>,
}

/// Shape of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AspectRatio {
    /// An entry of table E-1; 1 is square.
    Table(u8),
    /// Width to height (`Extended_SAR`).
    Extended {
        /// `sar_width`.
        width: u16,
        /// `sar_height`.
        height: u16,
    },
}

/// Range and colour of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoSignal {
    /// `video_format`, table E-2; 5 is unspecified.
    pub format: u8,
    /// Whether samples use the full range.
    pub full_range: bool,
    /// What the samples mean as colours.
    pub colour: Option<ColourDescription>,
}

/// What samples mean as colours: tables E-3, E-4 and E-5. 1 is BT.709 in each, 2 is unspecified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColourDescription {
    /// `colour_primaries`.
    pub primaries: u8,
    /// `transfer_characteristics`.
    pub transfer: u8,
    /// `matrix_coefficients`.
    pub matrix: u8,
}

impl ColourDescription {
    /// What Lunette converts to.
    pub const BT709: Self = Self { primaries: 1, transfer: 1, matrix: 1 };
}

/// Where chroma samples lie, figure E-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChromaLocation {
    /// In a top field, or a frame.
    pub top: u8,
    /// In a bottom field.
    pub bottom: u8,
}

/// Field rate: `time_scale / num_units_in_tick` per second, two fields per frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// `num_units_in_tick`.
    pub num_units_in_tick: u32,
    /// `time_scale`.
    pub time_scale: u32,
    /// Whether the rate is constant.
    pub fixed_frame_rate: bool,
}

/// What the stream promises not to do (`bitstream_restriction_flag` and what follows).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitstreamRestriction {
    /// `motion_vectors_over_pic_boundaries_flag`.
    pub motion_vectors_over_pic_boundaries: bool,
    /// `max_bytes_per_pic_denom`; 0 is no limit.
    pub max_bytes_per_pic_denom: u8,
    /// `max_bits_per_mb_denom`; 0 is no limit.
    pub max_bits_per_mb_denom: u8,
    /// `log2_max_mv_length_horizontal`.
    pub log2_max_mv_length_horizontal: u8,
    /// `log2_max_mv_length_vertical`.
    pub log2_max_mv_length_vertical: u8,
    /// Pictures that may come before another in decoding and after it in output.
    pub max_num_reorder_frames: u8,
    /// Frames that a decoder must be able to hold.
    pub max_dec_frame_buffering: u8,
}

/// Where a VUI's parts lie, in bits of the RBSP; what a rewrite splices at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VuiLayout {
    /// `video_signal_type_present_flag`.
    pub(crate) signal: usize,
    /// `colour_description_present_flag`, where there is a video signal type.
    pub(crate) colour: Option<usize>,
    /// The bit after the video signal type.
    pub(crate) after_signal: usize,
    /// `bitstream_restriction_flag`.
    pub(crate) restriction: usize,
    /// `max_num_reorder_frames`, where there is a restriction.
    pub(crate) reorder: Option<usize>,
}

impl Vui {
    pub(crate) fn parse(reader: &mut BitReader<'_>) -> Result<(Self, VuiLayout), H264Error> {
        let aspect_ratio = when(reader, "aspect_ratio_info_present_flag", AspectRatio::parse)?;
        let overscan_appropriate =
            when(reader, "overscan_info_present_flag", |reader| reader.flag("overscan_appropriate_flag"))?;
        let signal = reader.position();
        let signal_type = when(reader, "video_signal_type_present_flag", VideoSignal::parse)?;
        let after_signal = reader.position();
        let chroma_location = when(reader, "chroma_loc_info_present_flag", ChromaLocation::parse)?;
        let timing = when(reader, "timing_info_present_flag", Timing::parse)?;
        let nal_hrd = when(reader, "nal_hrd_parameters_present_flag", Hrd::parse)?;
        let vcl_hrd = when(reader, "vcl_hrd_parameters_present_flag", Hrd::parse)?;
        let has_hrd = nal_hrd.is_some() || vcl_hrd.is_some();
        let low_delay_hrd = if has_hrd { Some(reader.flag("low_delay_hrd_flag")?) } else { None };
        let pic_struct_present = reader.flag("pic_struct_present_flag")?;
        let restriction_at = reader.position();
        let restriction = when(reader, "bitstream_restriction_flag", BitstreamRestriction::parse)?;
        let layout = VuiLayout {
            signal,
            colour: signal_type.map(|(_, colour)| colour),
            after_signal,
            restriction: restriction_at,
            reorder: restriction.map(|(_, reorder)| reorder),
        };
        let vui = Self {
            aspect_ratio,
            overscan_appropriate,
            video_signal: signal_type.map(|(signal, _)| signal),
            chroma_location,
            timing,
            nal_hrd,
            vcl_hrd,
            low_delay_hrd,
            pic_struct_present,
            restriction: restriction.map(|(restriction, _)| restriction),
        };
        Ok((vui, layout))
    }

    /// The colour description, where there is one.
    #[must_use]
    pub fn colour(&self) -> Option<ColourDescription> {
        self.video_signal.and_then(|signal| signal.colour)
    }
}

/// Reads a present flag, and what it announces.
fn when<T>(
    reader: &mut BitReader<'_>,
    flag: &'static str,
    read: impl FnOnce(&mut BitReader<'_>) -> Result<T, H264Error>,
) -> Result<Option<T>, H264Error> {
    if reader.flag(flag)? { read(reader).map(Some) } else { Ok(None) }
}

fn bits_u16(reader: &mut BitReader<'_>, field: &'static str) -> Result<u16, H264Error> {
    Ok(u16::from(reader.bits_u8(field, 8)?) << 8 | u16::from(reader.bits_u8(field, 8)?))
}

impl AspectRatio {
    const EXTENDED: u8 = 255;

    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        match reader.bits_u8("aspect_ratio_idc", 8)? {
            Self::EXTENDED => {
                Ok(Self::Extended { width: bits_u16(reader, "sar_width")?, height: bits_u16(reader, "sar_height")? })
            }
            entry => Ok(Self::Table(entry)),
        }
    }
}

impl VideoSignal {
    /// The signal type, and where its colour flag is.
    fn parse(reader: &mut BitReader<'_>) -> Result<(Self, usize), H264Error> {
        let format = reader.bits_u8("video_format", 3)?;
        let full_range = reader.flag("video_full_range_flag")?;
        let flag_at = reader.position();
        let colour = when(reader, "colour_description_present_flag", ColourDescription::parse)?;
        Ok((Self { format, full_range, colour }, flag_at))
    }
}

impl ColourDescription {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        Ok(Self {
            primaries: reader.bits_u8("colour_primaries", 8)?,
            transfer: reader.bits_u8("transfer_characteristics", 8)?,
            matrix: reader.bits_u8("matrix_coefficients", 8)?,
        })
    }
}

impl ChromaLocation {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        Ok(Self {
            top: reader.ue_u8("chroma_sample_loc_type_top_field", 5)?,
            bottom: reader.ue_u8("chroma_sample_loc_type_bottom_field", 5)?,
        })
    }
}

impl Timing {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        Ok(Self {
            num_units_in_tick: reader.bits("num_units_in_tick", 32)?,
            time_scale: reader.bits("time_scale", 32)?,
            fixed_frame_rate: reader.flag("fixed_frame_rate_flag")?,
        })
    }
}

impl BitstreamRestriction {
    /// The restriction, and where its reorder count is.
    fn parse(reader: &mut BitReader<'_>) -> Result<(Self, usize), H264Error> {
        let motion_vectors_over_pic_boundaries = reader.flag("motion_vectors_over_pic_boundaries_flag")?;
        let max_bytes_per_pic_denom = reader.ue_u8("max_bytes_per_pic_denom", 16)?;
        let max_bits_per_mb_denom = reader.ue_u8("max_bits_per_mb_denom", 16)?;
        let log2_max_mv_length_horizontal = reader.ue_u8("log2_max_mv_length_horizontal", 16)?;
        let log2_max_mv_length_vertical = reader.ue_u8("log2_max_mv_length_vertical", 16)?;
        let reorder = reader.position();
        let restriction = Self {
            motion_vectors_over_pic_boundaries,
            max_bytes_per_pic_denom,
            max_bits_per_mb_denom,
            log2_max_mv_length_horizontal,
            log2_max_mv_length_vertical,
            max_num_reorder_frames: reader.ue_u8("max_num_reorder_frames", 16)?,
            max_dec_frame_buffering: reader.ue_u8("max_dec_frame_buffering", 16)?,
        };
        Ok((restriction, reorder))
    }
}
