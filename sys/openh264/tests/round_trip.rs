//! The encoder and the decoder against each other.

use bytes::BytesMut;
use lunette_sys_openh264::{Decoder, Encoder, Error, FrameType, I420, Settings};

const SETTINGS: Settings = Settings { width: 96, height: 48, fps: 30.0, max_bitrate: 1_000_000, threads: 1, qp: 24 };

/// Planes without a spare byte: a read beyond the picture is a read beyond the allocation.
struct Planes([Vec<u8>; 3], [usize; 3]);

impl Planes {
    fn checks(width: usize, height: usize, phase: usize) -> Self {
        let luma = (0..width * height)
            .map(|i| if (i % width / 8 + i / width / 8 + phase).is_multiple_of(2) { 40 } else { 210 });
        let chroma = vec![128; width * height / 4];
        Self([luma.collect(), chroma.clone(), chroma], [width, width / 2, width / 2])
    }

    fn borrow(&self) -> I420<'_> {
        I420 { planes: [&self.0[0], &self.0[1], &self.0[2]], strides: self.1 }
    }
}

fn nal_types(unit: &[u8]) -> Vec<u8> {
    unit.windows(4).filter(|w| w[..3] == [0, 0, 1]).map(|w| w[3] & 31).collect()
}

#[test]
fn what_is_encoded_decodes_to_nearly_the_same_picture() {
    let (mut encoder, mut decoder) = (Encoder::new(SETTINGS).unwrap(), Decoder::new().unwrap());
    for phase in 0..4 {
        let picture = Planes::checks(96, 48, phase);
        let mut unit = BytesMut::new();
        encoder.encode(&picture.borrow(), &mut unit).unwrap();
        let decoded = decoder.decode(&unit).unwrap().expect("one in, one out");
        assert_eq!((decoded.width, decoded.height), (96, 48));
        for (y, row) in picture.0[0].chunks(96).enumerate() {
            let got = &decoded.planes[0][y * decoded.strides[0]..][..96];
            assert!(row.iter().zip(got).all(|(a, b)| a.abs_diff(*b) < 24), "row {y} of picture {phase}");
        }
    }
    assert!(decoder.flush().unwrap().is_none());
}

#[test]
fn idr_comes_first_and_on_demand_and_carries_parameter_sets() {
    let mut encoder = Encoder::new(SETTINGS).unwrap();
    let picture = Planes::checks(96, 48, 0);
    let mut types = Vec::new();
    for count in 0..6 {
        if count == 4 {
            encoder.force_idr().unwrap();
        }
        let mut unit = BytesMut::new();
        types.push(encoder.encode(&picture.borrow(), &mut unit).unwrap());
        let expected: &[u8] = if count % 4 == 0 { &[7, 8, 5] } else { &[1] };
        assert_eq!(nal_types(&unit), expected, "picture {count}");
    }
    use FrameType::{Idr, Inter};
    assert_eq!(types, [Idr, Inter, Inter, Inter, Idr, Inter]);
}

#[test]
fn a_new_qp_takes_effect_without_an_idr() {
    let mut encoder = Encoder::new(SETTINGS).unwrap();
    let mut sizes = Vec::new();
    for count in 0..12 {
        encoder.set_qp(if count < 6 { 20 } else { 44 }).unwrap();
        let mut picture = Planes::checks(96, 48, count);
        let noise = |i: usize| u8::try_from(i * 7919 * (count + 3) % 61).unwrap();
        picture.0[0].iter_mut().enumerate().for_each(|(i, v)| *v = v.wrapping_add(noise(i)));
        let mut unit = BytesMut::new();
        let kind = encoder.encode(&picture.borrow(), &mut unit).unwrap();
        assert_eq!(kind == FrameType::Idr, count == 0, "picture {count}");
        sizes.push(unit.len());
    }
    assert!(sizes[7] * 2 < sizes[5], "{sizes:?}");
}

#[test]
fn two_threads_make_two_slices_of_one_picture() {
    let mut encoder = Encoder::new(Settings { width: 320, height: 192, threads: 2, ..SETTINGS }).unwrap();
    let picture = Planes::checks(320, 192, 0);
    let mut unit = BytesMut::new();
    encoder.encode(&picture.borrow(), &mut unit).unwrap();
    assert_eq!(nal_types(&unit), [7, 8, 5, 5]);
}

#[test]
fn impossible_settings_and_short_planes_are_named() {
    let refused = |settings| Encoder::new(settings).map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused(Settings { width: 8, ..SETTINGS }), "width 8 is not in 16..=8688");
    let wide = Settings { width: 4098, height: 2302, ..SETTINGS };
    assert_eq!(refused(wide), "pixels in macroblocks 9474048 is not in 256..=9437184");
    assert_eq!(refused(Settings { qp: 52, ..SETTINGS }), "QP 52 is not in 0..=51");
    assert!(refused(Settings { width: 97, ..SETTINGS }).starts_with("odd bit of width"));
    let mut encoder = Encoder::new(SETTINGS).unwrap();
    let mut picture = Planes::checks(96, 48, 0);
    picture.0[2].pop();
    let error = encoder.encode(&picture.borrow(), &mut BytesMut::new()).unwrap_err();
    assert_eq!(error, Error::Plane { plane: 2, given: 1151, needed: 1152 });
}

#[test]
fn a_stream_without_its_start_is_an_error() {
    let mut encoder = Encoder::new(SETTINGS).unwrap();
    let mut unit = BytesMut::new();
    for phase in 0..2 {
        unit.clear();
        encoder.encode(&Planes::checks(96, 48, phase).borrow(), &mut unit).unwrap();
    }
    assert!(Decoder::new().unwrap().decode(&unit).is_err());
}

#[test]
fn instances_come_and_go_without_leaking() {
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0)
    };
    let cycle = || {
        let (mut encoder, mut decoder) = (Encoder::new(SETTINGS).unwrap(), Decoder::new().unwrap());
        let mut unit = BytesMut::new();
        encoder.encode(&Planes::checks(96, 48, 0).borrow(), &mut unit).unwrap();
        decoder.decode(&unit).unwrap();
    };
    (0..20).for_each(|_| cycle());
    let before = resident();
    (0..200).for_each(|_| cycle());
    let grown = resident().saturating_sub(before) * 4;
    assert!(grown < 8 * 1024, "{grown} kB more after 200 cycles");
}
