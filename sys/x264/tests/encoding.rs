//! The library that is installed here, driven through the wrapper.

use bytes::BytesMut;
use lunette_sys_x264::{Encoder, Error, I420, Library, PictureType, Preset, Settings};

const SETTINGS: Settings = Settings { preset: Preset::Ultrafast, width: 96, height: 48, fps: (30, 1), threads: 1 };

/// The installed library; where there is none, says so by name and gives `None`.
fn library(test: &str) -> Option<Library> {
    match Library::load() {
        Ok(library) => Some(library),
        Err(error @ Error::NotFound { .. }) => {
            eprintln!("NOT RUN: {test}: {error}; `./test` installs it");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

struct Planes([Vec<u8>; 3], [usize; 3]);

impl Planes {
    fn checks(width: usize, height: usize, phase: usize) -> Self {
        let white = |i: usize| (i % width / 8 + i / width / 8 + phase).is_multiple_of(2);
        let luma = (0..width * height).map(|i| if white(i) { 40 } else { 210 });
        let chroma = vec![128; width * height / 4];
        Self([luma.collect(), chroma.clone(), chroma], [width, width / 2, width / 2])
    }

    fn borrow(&self) -> I420<'_> {
        I420 { planes: [&self.0[0], &self.0[1], &self.0[2]], strides: self.1 }
    }
}

/// NAL unit types other than SEI: the library tells its settings in one, once.
fn nal_types(unit: &[u8]) -> Vec<u8> {
    unit.windows(4).filter(|w| w[..3] == [0, 0, 1]).map(|w| w[3] & 31).filter(|kind| *kind != 6).collect()
}

#[test]
fn idr_comes_first_and_on_demand_and_carries_parameter_sets() {
    let Some(library) = library("idr_comes_first_and_on_demand_and_carries_parameter_sets") else { return };
    for preset in [Preset::Ultrafast, Preset::Superfast] {
        let mut encoder = Encoder::open(&library, Settings { preset, ..SETTINGS }).unwrap();
        for count in 0..6 {
            let kind = if count == 4 { PictureType::Idr } else { PictureType::Inter };
            let mut unit = BytesMut::new();
            let coded = encoder.encode(&Planes::checks(96, 48, count).borrow(), kind, 24, &mut unit).unwrap();
            let expected: &[u8] = if count % 4 == 0 { &[7, 8, 5] } else { &[1] };
            assert_eq!(nal_types(&unit), expected, "picture {count}");
            assert_eq!(coded == PictureType::Idr, count % 4 == 0);
        }
    }
}

#[test]
fn each_picture_is_coded_at_its_own_qp() {
    let Some(library) = library("each_picture_is_coded_at_its_own_qp") else { return };
    let mut encoder = Encoder::open(&library, SETTINGS).unwrap();
    let mut sizes = Vec::new();
    for (count, qp) in [24, 20, 20, 44, 44, 20].into_iter().enumerate() {
        let mut picture = Planes::checks(96, 48, count);
        let noise = |i: usize| u8::try_from(i * 7919 * (count + 3) % 61).unwrap();
        picture.0[0].iter_mut().enumerate().for_each(|(i, v)| *v = v.wrapping_add(noise(i)));
        let mut unit = BytesMut::new();
        encoder.encode(&picture.borrow(), PictureType::Inter, qp, &mut unit).unwrap();
        sizes.push(unit.len());
    }
    assert!(sizes[3] * 2 < sizes[2] && sizes[4] * 2 < sizes[5], "{sizes:?}");
}

#[test]
fn two_threads_make_two_slices_of_one_picture() {
    let Some(library) = library("two_threads_make_two_slices_of_one_picture") else { return };
    let settings = Settings { width: 320, height: 192, threads: 2, ..SETTINGS };
    let mut encoder = Encoder::open(&library, settings).unwrap();
    let mut unit = BytesMut::new();
    encoder.encode(&Planes::checks(320, 192, 0).borrow(), PictureType::Inter, 24, &mut unit).unwrap();
    assert_eq!(nal_types(&unit), [7, 8, 5, 5]);
}

#[test]
fn impossible_settings_and_short_planes_are_named() {
    let Some(library) = library("impossible_settings_and_short_planes_are_named") else { return };
    let refused = Encoder::open(&library, Settings { threads: 0, ..SETTINGS }).map(|_| ()).unwrap_err();
    assert_eq!(refused.to_string(), "threads 0 is not in 1..=16");
    let mut encoder = Encoder::open(&library, SETTINGS).unwrap();
    let mut picture = Planes::checks(96, 48, 0);
    picture.0[1].pop();
    let error = encoder.encode(&picture.borrow(), PictureType::Inter, 24, &mut BytesMut::new()).unwrap_err();
    assert_eq!(error, Error::Plane { plane: 1, given: 1151, needed: 1152 });
}
