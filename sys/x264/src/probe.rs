//! Is the library at hand laid out as `layout.rs` says? Asked before anything relies on it.
//!
//! Options with a string show where their neighbours are; an allocated picture shows its image; a trial picture
//! shows the rest: its time must come out again, and its NAL units must add up.

use std::ffi::{c_int, c_void};
use std::ptr;

use crate::Error;
use crate::api::Api;
use crate::layout::{CSP_I420, Nal, Param, Picture, TYPE_IDR};
use crate::settings::{Preset, Settings};

const SENTINEL: u8 = 0xA5;
const TRIAL_PTS: i64 = 77;
const WIDTH: c_int = 128;
const HEIGHT: c_int = 64;

/// Refuses a library whose structs differ.
pub(crate) fn verify(api: &Api) -> Result<(), Error> {
    let expect = |what, found: i64, expected: i64| {
        if found == expected { Ok(()) } else { Err(Error::Layout { file: api.file.clone(), what, found, expected }) }
    };
    verify_param(api, &expect)?;
    verify_picture(api, &expect)?;
    trial(api, &expect)
}

type Expect<'a> = dyn Fn(&'static str, i64, i64) -> Result<(), Error> + 'a;

/// Width, height and colour space have no option: the fields on both sides of them have.
fn verify_param(api: &Api, expect: &Expect<'_>) -> Result<(), Error> {
    let mut param = Param::filled(SENTINEL);
    // SAFETY: the buffer is larger than the struct of any known build.
    unsafe { (api.param_default)(param.as_mut_ptr()) };
    let size = param.0.iter().rposition(|byte| *byte != SENTINEL).map_or(0, |last| last + 1);
    expect("a parameter struct of 600 to 2048 bytes", i64::from((600..=2048).contains(&size)), 1)?;
    for (key, value) in [("threads", "13"), ("sync-lookahead", "17"), ("level", "31")] {
        api.parse(&mut param, key, value)?;
    }
    expect("i_threads", param.int(Param::THREADS).into(), 13)?;
    expect("i_sync_lookahead", param.int(Param::SYNC_LOOKAHEAD).into(), 17)?;
    expect("i_width by default", param.int(Param::WIDTH).into(), 0)?;
    expect("i_height by default", param.int(Param::HEIGHT).into(), 0)?;
    expect("i_csp by default", param.int(Param::CSP).into(), CSP_I420.into())?;
    expect("i_bitdepth by default", param.int(Param::BIT_DEPTH).into(), 8)?;
    expect("i_level_idc", param.int(Param::LEVEL).into(), 31)
}

fn verify_picture(api: &Api, expect: &Expect<'_>) -> Result<(), Error> {
    let mut picture = Picture::filled(SENTINEL);
    // SAFETY: the struct has spare room behind the fields of any known build.
    unsafe { (api.picture_init)(&raw mut picture) };
    let untouched = picture.rest.iter().rev().take_while(|word| **word == u64::from_ne_bytes([SENTINEL; 8])).count();
    expect("a picture struct with room behind it", i64::from(untouched >= 16), 1)?;
    expect("i_type by default", picture.kind.into(), 0)?;
    // SAFETY: the struct was initialised by the library.
    let code = unsafe { (api.picture_alloc)(&raw mut picture, CSP_I420, WIDTH, HEIGHT) };
    expect("result of x264_picture_alloc", code.into(), 0)?;
    let checked = verify_image(&picture, expect);
    // SAFETY: allocated by the library just now, and not used again.
    unsafe { (api.picture_clean)(&raw mut picture) };
    checked
}

fn verify_image(picture: &Picture, expect: &Expect<'_>) -> Result<(), Error> {
    let image = &picture.image;
    expect("img.i_csp", image.csp.into(), CSP_I420.into())?;
    expect("img.i_plane", image.plane_count.into(), 3)?;
    for (stride, expected) in image.strides.into_iter().zip([WIDTH, WIDTH / 2, WIDTH / 2, 0]) {
        expect("img.i_stride", stride.into(), expected.into())?;
    }
    let [y, u, v, none] = image.planes.map(<*mut u8>::addr);
    expect("order of img.plane", i64::from(y != 0 && y < u && u < v && none == 0), 1)
}

/// Encodes one grey picture.
fn trial(api: &Api, expect: &Expect<'_>) -> Result<(), Error> {
    let settings = Settings { preset: Preset::Ultrafast, width: 128, height: 64, fps: (30, 1), threads: 1 };
    let mut param = settings.param(api)?;
    // SAFETY: the library filled the struct and copies it.
    let encoder = unsafe { (api.open)(param.as_mut_ptr()) };
    if encoder.is_null() {
        return Err(Error::Open { width: settings.width, height: settings.height });
    }
    let checked = trial_picture(api, encoder, expect);
    // SAFETY: opened above, closed once.
    unsafe { (api.close)(encoder) };
    checked
}

fn trial_picture(api: &Api, encoder: *mut c_void, expect: &Expect<'_>) -> Result<(), Error> {
    let mut grey = [128_u8; 128 * 64];
    let (mut given, mut coded) = (Picture::filled(0), Picture::filled(0));
    // SAFETY: the struct has spare room behind the fields of any known build.
    unsafe { (api.picture_init)(&raw mut given) };
    given.pts = TRIAL_PTS;
    given.kind = TYPE_IDR;
    given.qp_plus_one = 31;
    given.image.csp = CSP_I420;
    given.image.plane_count = 3;
    given.image.strides = [WIDTH, WIDTH / 2, WIDTH / 2, 0];
    given.image.planes = [grey.as_mut_ptr(), grey.as_mut_ptr(), grey.as_mut_ptr(), ptr::null_mut()];
    let (mut nals, mut count) = (ptr::null_mut::<Nal>(), 0);
    // SAFETY: the encoder is open; the planes outlive the call, which copies them.
    let bytes = unsafe { (api.encode)(encoder, &raw mut nals, &raw mut count, &raw mut given, &raw mut coded) };
    expect("result of the trial picture", i64::from(bytes > 0 && count > 0 && !nals.is_null()), 1)?;
    expect("i_type of the trial picture", coded.kind.into(), TYPE_IDR.into())?;
    expect("b_keyframe of the trial picture", coded.keyframe.into(), 1)?;
    expect("i_pts of the trial picture", coded.pts, TRIAL_PTS)?;
    // SAFETY: the library made `count` NAL units, valid until its next call.
    let nals = unsafe { std::slice::from_raw_parts(nals, usize::try_from(count).unwrap_or(0)) };
    let sum: i64 = nals.iter().map(|nal| i64::from(nal.payload_len)).sum();
    expect("bytes in the NAL units", sum, bytes.into())?;
    expect("type of the first NAL unit", nals[0].kind.into(), 7)?;
    expect("type of the last NAL unit", nals[nals.len() - 1].kind.into(), 5)
}
