//! The shared rules, against a library that only counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lunette_frame::{BitRate, Damage, FrameRate, Picture, Pts};

use super::*;

const SIZE: Size = Size::new(16, 16);

#[derive(Clone, Default)]
struct Counting {
    opened: Arc<AtomicUsize>,
    encoded: Arc<AtomicUsize>,
    fail_at: usize,
    finest: u8,
}

impl Library for Counting {
    type Instance = (Self, Size);

    fn name(&self) -> &'static str {
        "counting"
    }

    fn max(&self) -> SizeLimit {
        SizeLimit::H264
    }

    fn qp(&self, _: Quality) -> u8 {
        24
    }

    fn open(&self, _: &EncoderConfig, size: Size, _: u8) -> Result<Self::Instance, BoxError> {
        if size.width > 100 {
            return Err("too wide".into());
        }
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok((self.clone(), size))
    }

    fn outgrew(error: &(dyn std::error::Error + 'static)) -> bool {
        error.to_string() == "no room"
    }

    fn encode((library, _): &mut Self::Instance, order: &Order<'_>, out: &mut BytesMut) -> Result<UnitKind, BoxError> {
        if library.encoded.fetch_add(1, Ordering::Relaxed) + 1 == library.fail_at {
            out.extend_from_slice(b"half a picture");
            return Err("out of luck".into());
        }
        if order.qp < library.finest {
            return Err("no room".into());
        }
        if order.kind == UnitKind::Idr {
            // Constrained baseline, level 1, one macroblock.
            out.extend_from_slice(&[0, 0, 0, 1, 0x67, 66, 0xC0, 10, 0xDA, 0x79]);
            out.extend_from_slice(&[0, 0, 0, 1, 0x68, 0xCE, 0x38, 0x80, 0, 0, 0, 1, 0x65, 0x88, 0x80]);
        } else {
            out.extend_from_slice(&[0, 0, 0, 1, 0x41, 0x9A, 0x80]);
        }
        Ok(order.kind)
    }
}

struct Fixture {
    library: Counting,
    encoder: Software<Counting>,
    picture: Picture,
    time: u64,
}

impl Fixture {
    fn new(fail_at: usize) -> Self {
        Self::of(Counting { fail_at, ..Counting::default() })
    }

    fn of(library: Counting) -> Self {
        let config = EncoderConfig {
            size: SIZE,
            fps: FrameRate::new(60, 1).expect("valid"),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(1_000_000),
            threads: 1,
        };
        let encoder = Software::new(library.clone(), &config).expect("opens");
        Self { library, encoder, picture: Picture::new(PixelFormat::I420, SIZE).expect("valid"), time: 0 }
    }

    fn encode(&mut self, damage: &Damage, keyframe: Keyframe) -> Result<Option<AccessUnit>, EncodeError> {
        self.time += 1;
        let pts = Pts::from_nanos(self.time);
        self.encoder.encode(&Job { picture: self.picture.as_ref(), damage, pts, keyframe })
    }

    fn kind(&mut self, damage: &Damage, keyframe: Keyframe) -> Option<UnitKind> {
        self.encode(damage, keyframe).expect("encodes").map(|unit| unit.kind)
    }

    fn calls(&self) -> usize {
        self.library.encoded.load(Ordering::Relaxed)
    }
}

#[test]
fn what_did_not_change_makes_no_library_call() {
    let mut fixture = Fixture::new(0);
    let (none, full) = (Damage::none(SIZE), Damage::full(SIZE));
    assert_eq!(fixture.kind(&none, Keyframe::Auto), Some(UnitKind::Idr), "the first picture is always coded");
    for _ in 0..100 {
        assert_eq!(fixture.kind(&none, Keyframe::Auto), None);
    }
    assert_eq!(fixture.calls(), 1);
    assert_eq!(fixture.kind(&full, Keyframe::Auto), Some(UnitKind::Delta));
    assert_eq!(fixture.kind(&none, Keyframe::Force), Some(UnitKind::Idr));
    assert_eq!(fixture.calls(), 3);
}

#[test]
fn after_a_failure_the_next_picture_is_an_idr_of_a_new_encoder() {
    let mut fixture = Fixture::new(2);
    let (none, full) = (Damage::none(SIZE), Damage::full(SIZE));
    assert_eq!(fixture.kind(&full, Keyframe::Auto), Some(UnitKind::Idr));
    let error = fixture.encode(&full, Keyframe::Auto).expect_err("the second call fails");
    assert_eq!(error.to_string(), "counting failed to encode a picture");
    let unit = fixture.encode(&none, Keyframe::Auto).expect("encodes").expect("even without damage");
    assert!(unit.is_idr() && !unit.data.starts_with(b"half"));
    assert_eq!(fixture.library.opened.load(Ordering::Relaxed), 2);
}

#[test]
fn a_picture_that_outgrows_the_library_is_coded_coarser() {
    let mut fixture = Fixture::of(Counting { finest: 35, ..Counting::default() });
    let full = Damage::full(SIZE);
    assert_eq!(fixture.kind(&full, Keyframe::Auto), Some(UnitKind::Idr));
    assert_eq!(fixture.calls(), 3, "at 24, 32 and 40");
    assert_eq!(fixture.kind(&full, Keyframe::Auto), Some(UnitKind::Delta));
    assert_eq!(fixture.calls(), 4, "what was too fine is not tried again");
    let mut hopeless = Fixture::of(Counting { finest: 52, ..Counting::default() });
    assert!(hopeless.encode(&full, Keyframe::Auto).is_err());
}

#[test]
fn a_picture_of_another_size_or_format_is_refused_and_the_next_is_an_idr() {
    let mut fixture = Fixture::new(0);
    let full = Damage::full(SIZE);
    fixture.encode(&full, Keyframe::Auto).expect("encodes");
    for (format, size) in [(PixelFormat::Nv12, SIZE), (PixelFormat::I420, Size::new(18, 16))] {
        let good = std::mem::replace(&mut fixture.picture, Picture::new(format, size).expect("valid"));
        let error = fixture.encode(&full, Keyframe::Auto).expect_err("refused").to_string();
        assert!(error.starts_with("counting expects I420 16x16, was given "), "{error}");
        fixture.picture = good;
        assert_eq!(fixture.kind(&Damage::none(SIZE), Keyframe::Auto), Some(UnitKind::Idr));
    }
    assert!(fixture.encode(&Damage::full(Size::new(8, 8)), Keyframe::Auto).is_err());
    assert_eq!(fixture.library.opened.load(Ordering::Relaxed), 1, "the library had no part in it");
}

#[test]
fn a_size_that_does_not_open_leaves_the_encoder_as_it_was() {
    let mut fixture = Fixture::new(0);
    let full = Damage::full(SIZE);
    fixture.encode(&full, Keyframe::Auto).expect("encodes");
    let change = Change { size: Some(Size::new(102, 16)), ..Change::default() };
    assert!(fixture.encoder.reconfigure(&change).is_err());
    assert_eq!(fixture.encoder.config().size, SIZE);
    assert_eq!(fixture.kind(&full, Keyframe::Auto), Some(UnitKind::Delta));
}

#[test]
fn only_a_new_size_costs_an_idr() {
    let mut fixture = Fixture::new(0);
    let seamless = Change {
        fps: FrameRate::new(30, 1).ok(),
        quality: Quality::new(10).ok(),
        max_bitrate: Some(BitRate::from_bits_per_second(5)),
        size: Some(SIZE),
    };
    assert_eq!(fixture.encoder.reconfigure(&seamless).expect("applies"), Applied::Seamless);
    let resize = Change { size: Some(Size::new(32, 16)), ..Change::default() };
    assert_eq!(fixture.encoder.reconfigure(&resize).expect("applies"), Applied::WithIdr);
    assert_eq!(fixture.encoder.config().quality, Quality::new(10).expect("valid"));
}
