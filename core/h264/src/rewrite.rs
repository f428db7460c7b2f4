//! The low-delay rewrite of an SPS: VUI bitstream restriction (E.2.1) and bumping output order (C.4.5.3).
//!
//! A decoder that is told nothing must assume that pictures are reordered as far as the level's buffer allows, and
//! so may hold back up to 16 of them: seconds, on a screen that seldom changes. `max_num_reorder_frames` 0 says that
//! every picture can be shown as soon as it is decoded.
//!
//! The rewrite splices bits. What it does not replace is copied, not written anew from parsed values.
//!
//! `constraint_set3_flag`, which some servers set as well, stays as the encoder wrote it, since no stream with P
//! pictures may gain it (7.4.2.1.1): in profiles 66, 77 and 88 it makes level 1.1 level 1b and is reserved at all
//! other levels, and in the High profiles it promises that every picture is an IDR picture.

use std::borrow::Cow;

use crate::nal::parameter_set_rbsp;
use crate::sps::SpsLayout;
use crate::vui::VuiLayout;
use crate::{BitWriter, BitstreamRestriction, ColourDescription, H264Error, NalType, Sps, annexb, emulation};

/// What to write into an SPS. Only for streams whose encoder does not reorder: the promise is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LowDelay {
    /// What to do about colours.
    pub colour: Colour,
}

/// What to do about the colour description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Where there is none, say BT.709; and limited range, where nothing is said about the range either.
    Bt709WhenAbsent,
}

impl LowDelay {
    /// The SPS NAL unit with the changes; borrowed when it needs none.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn rewrite_sps<'a>(&self, nal: &'a [u8]) -> Result<Cow<'a, [u8]>, H264Error> {
        let rbsp = parameter_set_rbsp(nal, NalType::Sps)?;
        let (sps, layout) = Sps::parse_rbsp(&rbsp)?;
        if self.is_satisfied_by(&sps) {
            return Ok(Cow::Borrowed(nal));
        }
        let changed = self.splice(&rbsp, &sps, &layout);
        let mut out = vec![nal[0]];
        emulation::escape(&changed, &mut out);
        Ok(Cow::Owned(out))
    }

    /// The access unit with every SPS rewritten; borrowed when none needs it.
    ///
    /// Looks no further than the first slice: an SPS after it belongs to the next access unit (7.4.1.2.3). A picture
    /// without parameter sets thus costs a few bytes of reading.
    ///
    /// # Errors
    /// When `data` is not Annex B, or an SPS does not parse.
    pub fn rewrite_access_unit<'a>(&self, data: &'a [u8]) -> Result<Cow<'a, [u8]>, H264Error> {
        let mut units = annexb::units(data)?;
        let mut out = Vec::new();
        let mut copied = 0;
        while units.peek_kind().is_some_and(|kind| !kind.is_picture()) {
            let Some(range) = units.next_range() else { break };
            if NalType::from_header(data[range.start]) != NalType::Sps {
                continue;
            }
            if let Cow::Owned(sps) = self.rewrite_sps(&data[range.clone()])? {
                out.reserve(data.len() + sps.len());
                out.extend_from_slice(&data[copied..range.start]);
                out.extend_from_slice(&sps);
                copied = range.end;
            }
        }
        if copied == 0 {
            return Ok(Cow::Borrowed(data));
        }
        out.extend_from_slice(&data[copied..]);
        Ok(Cow::Owned(out))
    }

    fn is_satisfied_by(&self, sps: &Sps) -> bool {
        sps.is_low_delay() && !self.wants_colour(sps)
    }

    fn wants_colour(&self, sps: &Sps) -> bool {
        self.colour == Colour::Bt709WhenAbsent && sps.vui.as_ref().and_then(|vui| vui.colour()).is_none()
    }

    fn splice(&self, rbsp: &[u8], sps: &Sps, layout: &SpsLayout) -> Vec<u8> {
        let mut writer = BitWriter::with_capacity(rbsp.len() + 16);
        writer.copy(rbsp, 0..layout.vui_flag);
        writer.flag(true);
        match &layout.vui {
            Some(vui) => self.splice_vui(&mut writer, rbsp, sps, layout.vui_flag + 1, vui),
            None => self.write_vui(&mut writer, sps),
        }
        writer.finish_rbsp()
    }

    fn splice_vui(&self, writer: &mut BitWriter, rbsp: &[u8], sps: &Sps, start: usize, vui: &VuiLayout) {
        if self.wants_colour(sps) {
            match vui.colour {
                Some(flag) => writer.copy(rbsp, start..flag),
                None => {
                    writer.copy(rbsp, start..vui.signal);
                    write_signal_head(writer);
                }
            }
            write_bt709(writer);
        } else {
            writer.copy(rbsp, start..vui.after_signal);
        }
        writer.copy(rbsp, vui.after_signal..vui.restriction);
        match vui.reorder {
            Some(reorder) => writer.copy(rbsp, vui.restriction..reorder),
            None => write_restriction_head(writer),
        }
        write_delay(writer, sps);
    }

    /// A VUI that says nothing but what was asked for.
    fn write_vui(&self, writer: &mut BitWriter, sps: &Sps) {
        // Aspect ratio, overscan.
        writer.bits(0, 2);
        if self.wants_colour(sps) {
            write_signal_head(writer);
            write_bt709(writer);
        } else {
            writer.flag(false);
        }
        // Chroma location, timing, both buffer models, pic_struct.
        writer.bits(0, 5);
        write_restriction_head(writer);
        write_delay(writer, sps);
    }
}

impl Sps {
    /// Whether it promises that no picture waits for a later one.
    #[must_use]
    pub fn is_low_delay(&self) -> bool {
        let restriction = self.vui.as_ref().and_then(|vui| vui.restriction);
        restriction.is_some_and(|restriction| {
            restriction.max_num_reorder_frames == 0
                && restriction.max_dec_frame_buffering == self.low_delay_frame_buffering()
        })
    }

    /// Frames that a decoder of the stream has to hold: its references, and at least the current picture, since
    /// decoders read 0 as "not known". Only in the intra profiles 0 is the one allowed value (A.2.8 to A.2.11).
    fn low_delay_frame_buffering(&self) -> u8 {
        let least = if self.is_intra_only() { 0 } else { 1 };
        self.max_num_ref_frames.max(least)
    }
}

/// The video signal type up to its range: unspecified format, limited range.
fn write_signal_head(writer: &mut BitWriter) {
    writer.flag(true);
    writer.bits(5, 3);
    writer.flag(false);
}

fn write_bt709(writer: &mut BitWriter) {
    let ColourDescription { primaries, transfer, matrix } = ColourDescription::BT709;
    writer.flag(true);
    for code in [primaries, transfer, matrix] {
        writer.bits(code.into(), 8);
    }
}

/// The restriction up to its reorder count, with the values that a decoder infers when there is none (E.2.1).
///
/// Later editions lowered the inferred vector length from 16 to 15; 15 is within the range of all of them, and no
/// level allows longer vectors (table A-1).
fn write_restriction_head(writer: &mut BitWriter) {
    let inferred = BitstreamRestriction {
        motion_vectors_over_pic_boundaries: true,
        max_bytes_per_pic_denom: 2,
        max_bits_per_mb_denom: 1,
        log2_max_mv_length_horizontal: 15,
        log2_max_mv_length_vertical: 15,
        max_num_reorder_frames: 0,
        max_dec_frame_buffering: 0,
    };
    writer.flag(true);
    writer.flag(inferred.motion_vectors_over_pic_boundaries);
    writer.ue(inferred.max_bytes_per_pic_denom.into());
    writer.ue(inferred.max_bits_per_mb_denom.into());
    writer.ue(inferred.log2_max_mv_length_horizontal.into());
    writer.ue(inferred.log2_max_mv_length_vertical.into());
}

fn write_delay(writer: &mut BitWriter, sps: &Sps) {
    writer.ue(0);
    writer.ue(sps.low_delay_frame_buffering().into());
}
