//! Parameter sets of real streams, and a writer of any SPS from its parsed form.

#![allow(dead_code, reason = "each test program uses a part")]

use lunette_h264::*;

pub(crate) mod streams;

/// Numbers that a generator draws from, one after the other, for ever.
pub(crate) struct Dice<'a> {
    numbers: &'a [u32],
    at: usize,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(numbers: &'a [u32]) -> Self {
        Self { numbers, at: 0 }
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let number = self.numbers[self.at % self.numbers.len()];
        // The second time around, the numbers look different.
        let turn = u32::try_from(self.at / self.numbers.len()).expect("few numbers are drawn");
        self.at += 1;
        let number = number.rotate_left(turn);
        number % end
    }

    fn byte(&mut self, end: u32) -> u8 {
        u8::try_from(self.below(end)).expect("a byte was asked for")
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| make(self))
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let len = u32::try_from(from.len()).expect("a short list");
        from[self.below(len) as usize]
    }
}

/// Any SPS that the standard's syntax allows.
pub(crate) fn any_sps(dice: &mut Dice<'_>) -> Sps {
    let profile = Profile(dice.pick(&[66, 77, 88, 100, 110, 122, 244, 44, 118, 1]));
    let rich = profile.has_chroma_format();
    let formats = [ChromaFormat::Monochrome, ChromaFormat::Yuv420, ChromaFormat::Yuv422, ChromaFormat::Yuv444];
    let chroma = if rich { dice.pick(&formats) } else { ChromaFormat::Yuv420 };
    let frame_mbs_only = dice.flag();
    let rows = if frame_mbs_only { 1 } else { 2 };
    Sps {
        profile,
        constraints: ConstraintFlags(dice.byte(256)),
        level: Level(dice.pick(&[9, 10, 11, 30, 31, 40, 51, 62])),
        id: dice.byte(32),
        chroma,
        separate_colour_planes: chroma == ChromaFormat::Yuv444 && dice.flag(),
        bit_depth_luma: if rich { 8 + dice.byte(7) } else { 8 },
        bit_depth_chroma: if rich { 8 + dice.byte(7) } else { 8 },
        lossless_bypass: rich && dice.flag(),
        has_scaling_matrix: rich && dice.flag(),
        frame_num_bits: 4 + dice.byte(13),
        pic_order_count: any_order(dice),
        max_num_ref_frames: dice.byte(17),
        gaps_in_frame_num: dice.flag(),
        width_mbs: 3 + dice.below(Sps::MAX_SIDE_MBS - 2),
        height_mbs: rows * (4 + dice.below(500)),
        frame_mbs_only,
        mb_adaptive_frame_field: !frame_mbs_only && dice.flag(),
        direct_8x8_inference: dice.flag(),
        crop: dice.maybe(|dice| any_crop(dice, chroma, rows)).unwrap_or_default(),
        vui: dice.maybe(any_vui),
    }
}

fn any_order(dice: &mut Dice<'_>) -> PicOrderCount {
    match dice.below(3) {
        0 => PicOrderCount::Lsb { bits: 4 + dice.byte(13) },
        1 => PicOrderCount::Cycle { delta_always_zero: dice.flag(), frames: dice.byte(256) },
        _ => PicOrderCount::DecodingOrder,
    }
}

/// Pixels that one step of cropping cuts off, across and down.
fn crop_unit(chroma: ChromaFormat, rows: u32) -> (u32, u32) {
    match chroma {
        ChromaFormat::Yuv420 => (2, 2 * rows),
        ChromaFormat::Yuv422 => (2, rows),
        ChromaFormat::Monochrome | ChromaFormat::Yuv444 => (1, rows),
    }
}

fn any_crop(dice: &mut Dice<'_>, chroma: ChromaFormat, rows: u32) -> Crop {
    let (x, y) = crop_unit(chroma, rows);
    Crop { left: x * dice.below(8), right: x * dice.below(8), top: y * dice.below(8), bottom: y * dice.below(8) }
}

fn any_vui(dice: &mut Dice<'_>) -> Vui {
    let (nal_hrd, vcl_hrd) = (dice.maybe(any_hrd), dice.maybe(any_hrd));
    let has_hrd = nal_hrd.is_some() || vcl_hrd.is_some();
    Vui {
        aspect_ratio: dice.maybe(|dice| match dice.below(3) {
            0 => AspectRatio::Extended { width: dice.byte(256).into(), height: 0x100 | u16::from(dice.byte(256)) },
            _ => AspectRatio::Table(dice.byte(255)),
        }),
        overscan_appropriate: dice.maybe(Dice::flag),
        video_signal: dice.maybe(|dice| VideoSignal {
            format: dice.byte(8),
            full_range: dice.flag(),
            colour: dice.maybe(|dice| ColourDescription {
                primaries: dice.byte(256),
                transfer: dice.byte(256),
                matrix: dice.byte(256),
            }),
        }),
        chroma_location: dice.maybe(|dice| ChromaLocation { top: dice.byte(6), bottom: dice.byte(6) }),
        timing: dice.maybe(|dice| Timing {
            num_units_in_tick: dice.below(u32::MAX) & 0xff,
            time_scale: dice.below(u32::MAX),
            fixed_frame_rate: dice.flag(),
        }),
        nal_hrd,
        vcl_hrd,
        low_delay_hrd: has_hrd.then(|| dice.flag()),
        pic_struct_present: dice.flag(),
        restriction: dice.maybe(|dice| BitstreamRestriction {
            motion_vectors_over_pic_boundaries: dice.flag(),
            max_bytes_per_pic_denom: dice.byte(17),
            max_bits_per_mb_denom: dice.byte(17),
            log2_max_mv_length_horizontal: dice.byte(17),
            log2_max_mv_length_vertical: dice.byte(17),
            max_num_reorder_frames: dice.byte(17),
            max_dec_frame_buffering: dice.byte(17),
        }),
    }
}

fn any_hrd(dice: &mut Dice<'_>) -> Hrd {
    let schedules = 1 + dice.below(32);
    Hrd {
        bit_rate_scale: dice.byte(16),
        cpb_size_scale: dice.byte(16),
        schedules: (0..schedules)
            .map(|_| CpbSchedule {
                bit_rate_value_minus1: dice.below(u32::MAX),
                cpb_size_value_minus1: dice.below(u32::MAX),
                constant_rate: dice.flag(),
            })
            .collect(),
        initial_removal_delay_bits: 1 + dice.byte(32),
        removal_delay_bits: 1 + dice.byte(32),
        output_delay_bits: 1 + dice.byte(32),
        time_offset_bits: dice.byte(32),
    }
}

/// The SPS as a NAL unit; scaling lists and order offsets come from `dice`.
pub(crate) fn write_sps(sps: &Sps, dice: &mut Dice<'_>) -> Vec<u8> {
    let mut writer = BitWriter::default();
    for byte in [sps.profile.0, sps.constraints.0, sps.level.0] {
        writer.bits(byte.into(), 8);
    }
    writer.ue(sps.id.into());
    if sps.profile.has_chroma_format() {
        write_samples(&mut writer, sps, dice);
    }
    writer.ue(u32::from(sps.frame_num_bits) - 4);
    write_order(&mut writer, sps.pic_order_count, dice);
    writer.ue(sps.max_num_ref_frames.into());
    writer.flag(sps.gaps_in_frame_num);
    write_picture(&mut writer, sps);
    optional(&mut writer, sps.vui.as_ref(), write_vui);
    let mut nal = vec![0x67];
    emulation::escape(&writer.finish_rbsp(), &mut nal);
    nal
}

fn optional<T>(writer: &mut BitWriter, value: Option<T>, write: impl FnOnce(&mut BitWriter, T)) {
    writer.flag(value.is_some());
    if let Some(value) = value {
        write(writer, value);
    }
}

fn write_samples(writer: &mut BitWriter, sps: &Sps, dice: &mut Dice<'_>) {
    writer.ue(sps.chroma.idc().into());
    let is_444 = sps.chroma == ChromaFormat::Yuv444;
    if is_444 {
        writer.flag(sps.separate_colour_planes);
    }
    writer.ue(u32::from(sps.bit_depth_luma) - 8);
    writer.ue(u32::from(sps.bit_depth_chroma) - 8);
    writer.flag(sps.lossless_bypass);
    writer.flag(sps.has_scaling_matrix);
    if sps.has_scaling_matrix {
        for list in 0..if is_444 { 12 } else { 8 } {
            let present = dice.flag();
            writer.flag(present);
            if present {
                write_scaling_list(writer, if list < 6 { 16 } else { 64 }, dice);
            }
        }
    }
}

/// Clause 7.3.2.1.1.1 as it is printed, with both of its variables.
fn write_scaling_list(writer: &mut BitWriter, entries: usize, dice: &mut Dice<'_>) {
    let (mut last, mut next) = (8, 8);
    for _ in 0..entries {
        if next != 0 {
            let delta = if dice.below(12) == 0 { -last } else { dice.below(9).cast_signed() - 4 };
            let delta = if delta < -128 { delta + 256 } else { delta };
            writer.se(delta);
            next = (last + delta + 256) % 256;
        }
        last = if next == 0 { last } else { next };
    }
}

fn write_order(writer: &mut BitWriter, order: PicOrderCount, dice: &mut Dice<'_>) {
    match order {
        PicOrderCount::Lsb { bits } => {
            writer.ue(0);
            writer.ue(u32::from(bits) - 4);
        }
        PicOrderCount::Cycle { delta_always_zero, frames } => {
            writer.ue(1);
            writer.flag(delta_always_zero);
            writer.se(i32::MAX);
            writer.se(-i32::MAX);
            writer.ue(frames.into());
            (0..frames).for_each(|_| writer.se(dice.below(1 << 20).cast_signed() - (1 << 19)));
        }
        PicOrderCount::DecodingOrder => writer.ue(2),
    }
}

fn write_picture(writer: &mut BitWriter, sps: &Sps) {
    let rows = if sps.frame_mbs_only { 1 } else { 2 };
    writer.ue(sps.width_mbs - 1);
    writer.ue(sps.height_mbs / rows - 1);
    writer.flag(sps.frame_mbs_only);
    if !sps.frame_mbs_only {
        writer.flag(sps.mb_adaptive_frame_field);
    }
    writer.flag(sps.direct_8x8_inference);
    let crop = (sps.crop != Crop::default()).then_some(sps.crop);
    let (x, y) = crop_unit(sps.chroma, rows);
    optional(writer, crop, |writer, crop| {
        for offset in [crop.left / x, crop.right / x, crop.top / y, crop.bottom / y] {
            writer.ue(offset);
        }
    });
}

fn write_vui(writer: &mut BitWriter, vui: &Vui) {
    optional(writer, vui.aspect_ratio, |writer, ratio| match ratio {
        AspectRatio::Table(entry) => writer.bits(entry.into(), 8),
        AspectRatio::Extended { width, height } => {
            writer.bits(255, 8);
            writer.bits(width.into(), 16);
            writer.bits(height.into(), 16);
        }
    });
    optional(writer, vui.overscan_appropriate, BitWriter::flag);
    optional(writer, vui.video_signal, |writer, signal| {
        writer.bits(signal.format.into(), 3);
        writer.flag(signal.full_range);
        optional(writer, signal.colour, |writer, colour| {
            for code in [colour.primaries, colour.transfer, colour.matrix] {
                writer.bits(code.into(), 8);
            }
        });
    });
    optional(writer, vui.chroma_location, |writer, location| {
        writer.ue(location.top.into());
        writer.ue(location.bottom.into());
    });
    optional(writer, vui.timing, |writer, timing| {
        writer.bits(timing.num_units_in_tick.into(), 32);
        writer.bits(timing.time_scale.into(), 32);
        writer.flag(timing.fixed_frame_rate);
    });
    optional(writer, vui.nal_hrd.as_ref(), write_hrd);
    optional(writer, vui.vcl_hrd.as_ref(), write_hrd);
    vui.low_delay_hrd.into_iter().for_each(|flag| writer.flag(flag));
    writer.flag(vui.pic_struct_present);
    optional(writer, vui.restriction, |writer, limits| {
        writer.flag(limits.motion_vectors_over_pic_boundaries);
        for value in [
            limits.max_bytes_per_pic_denom,
            limits.max_bits_per_mb_denom,
            limits.log2_max_mv_length_horizontal,
            limits.log2_max_mv_length_vertical,
            limits.max_num_reorder_frames,
            limits.max_dec_frame_buffering,
        ] {
            writer.ue(value.into());
        }
    });
}

fn write_hrd(writer: &mut BitWriter, hrd: &Hrd) {
    writer.ue(u32::try_from(hrd.schedules.len()).expect("at most 32") - 1);
    writer.bits(hrd.bit_rate_scale.into(), 4);
    writer.bits(hrd.cpb_size_scale.into(), 4);
    for schedule in &hrd.schedules {
        writer.ue(schedule.bit_rate_value_minus1);
        writer.ue(schedule.cpb_size_value_minus1);
        writer.flag(schedule.constant_rate);
    }
    for bits in [hrd.initial_removal_delay_bits, hrd.removal_delay_bits, hrd.output_delay_bits] {
        writer.bits(u64::from(bits) - 1, 5);
    }
    writer.bits(hrd.time_offset_bits.into(), 5);
}
