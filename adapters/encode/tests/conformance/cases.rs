//! What every encoder has to do.

use lunette_encode::{Applied, Candidate, Change, EncodeError, EncoderConfig, Keyframe};
use lunette_frame::marker::{self, Reading};
use lunette_frame::{BitRate, Damage, FrameRate, Picture, Quality, Rect, Size, UnitKind};
use lunette_h264::{AccessUnitFacts, ColourDescription, Level, NalType, Sps, annexb};

use crate::content::{self, Page};
use crate::decode::{Player, ffmpeg, psnr};
use crate::stream::{SIZE, Stream, config};

fn facts(unit: &lunette_frame::AccessUnit) -> AccessUnitFacts {
    AccessUnitFacts::inspect(&unit.data).expect("well formed")
}

pub(crate) fn idr_comes_first_and_on_demand(candidate: &'static Candidate) {
    let mut stream = Stream::new(candidate, &config(SIZE));
    for count in 0..90 {
        let picture = content::text(SIZE, 1, count * 8);
        let unit = if count == 40 { stream.idr(&picture) } else { stream.code(&picture) };
        let expected = if count % 40 == 0 && count < 80 { UnitKind::Idr } else { UnitKind::Delta };
        assert_eq!((unit.kind, facts(&unit).kind()), (expected, expected), "picture {count}");
        assert!(facts(&unit).is_one_picture(), "picture {count}");
    }
}

pub(crate) fn every_group_decodes_on_its_own(candidate: &'static Candidate) {
    let mut stream = Stream::new(candidate, &config(SIZE));
    let mut player = Player::new();
    for count in 0..24 {
        let picture = content::text(SIZE, 2, count * 8);
        let unit = if count % 8 == 0 { stream.idr(&picture) } else { stream.code(&picture) };
        if unit.is_idr() {
            player = Player::new();
        }
        let seen = player.play(&unit.data);
        assert!(psnr(&seen.as_ref(), &picture.as_ref()) > 35.0, "picture {count}");
    }
}

pub(crate) fn nothing_is_reordered_and_colours_are_bt709(candidate: &'static Candidate) {
    for size in [SIZE, Size::new(1280, 720), Size::new(64, 64)] {
        let unit = Stream::new(candidate, &config(size)).code(&content::text(size, 3, 0));
        let sps = annexb::units(&unit.data).expect("Annex B").find(|nal| nal.kind() == NalType::Sps).expect("an SPS");
        let sps = Sps::parse(sps.bytes()).expect("parses");
        let vui = sps.vui.as_ref().expect("a VUI");
        let restriction = vui.restriction.expect("a restriction");
        assert_eq!(restriction.max_num_reorder_frames, 0);
        assert_eq!(restriction.max_dec_frame_buffering, sps.max_num_ref_frames.max(1));
        assert_eq!(vui.colour(), Some(ColourDescription::BT709));
        assert!(vui.video_signal.as_ref().is_some_and(|signal| !signal.full_range), "{vui:?}");
        assert_eq!((sps.visible_size(), unit.size), (size, size));
        assert!(sps.level == Level(11) || !sps.constraints.is_set(3), "reserved by 7.4.2.1.1: {sps:?}");
    }
}

pub(crate) fn a_new_size_starts_anew(candidate: &'static Candidate) {
    let mut stream = Stream::new(candidate, &config(SIZE));
    for size in [SIZE, Size::new(640, 400), Size::new(176, 144), SIZE] {
        let resized = size != stream.encoder.config().size;
        let applied = stream.change(&Change { size: Some(size), ..Change::default() });
        assert_eq!(applied, if resized { Applied::WithIdr } else { Applied::Seamless });
        let mut player = Player::new();
        for count in 0..4 {
            let picture = content::text(size, 4, count * 8);
            let unit = stream.code(&picture);
            assert_eq!((unit.is_idr(), unit.size), (count == 0, size));
            let seen = player.play(&unit.data);
            assert_eq!(seen.size(), size);
            assert!(psnr(&seen.as_ref(), &picture.as_ref()) > 35.0, "picture {count} of {size}");
        }
    }
}

pub(crate) fn an_odd_size_is_coded_one_pixel_larger(candidate: &'static Candidate) {
    for (odd, even) in [((321, 181), (322, 182)), ((321, 180), (322, 180)), ((320, 181), (320, 182))] {
        let (odd, even) = (Size::new(odd.0, odd.1), Size::new(even.0, even.1));
        let mut stream = Stream::new(candidate, &config(odd));
        let mut player = Player::new();
        for count in 0..3 {
            let picture = content::text(odd, 5, count * 8);
            let unit = stream.code(&picture);
            let seen = player.play(&unit.data);
            assert_eq!((unit.size, seen.size()), (even, even));
            assert!(psnr(&seen.as_ref(), &picture.as_ref()) > 35.0, "picture {count} of {odd}");
        }
    }
}

pub(crate) fn a_picture_below_a_macroblock_is_coded_as_one(candidate: &'static Candidate) {
    for ((width, height), coded) in
        [((1, 1), (16, 16)), ((8, 8), (16, 16)), ((3, 200), (16, 200)), ((99, 15), (100, 16))]
    {
        let (size, coded) = (Size::new(width, height), Size::new(coded.0, coded.1));
        let mut stream = Stream::new(candidate, &config(size));
        let (mut player, mut picture) = (Player::new(), content::blank(size));
        for count in 0..3 {
            content::noise(&mut picture, count);
            let unit = stream.code(&picture);
            let seen = player.play(&unit.data);
            assert_eq!((unit.is_idr(), unit.size, seen.size()), (count == 0, coded, coded));
            assert!(psnr(&seen.as_ref(), &picture.as_ref()) > 30.0, "picture {count} of {size}");
        }
    }
}

pub(crate) fn the_largest_picture_works_and_a_larger_one_changes_nothing(candidate: &'static Candidate) {
    // As large as level 5.2 allows, at a rate that level 5.2 allows too: the decoder here plays nothing above.
    let largest = Size::new(4096, 2304);
    let fps = FrameRate::new(30, 1).expect("not zero");
    let mut stream = Stream::new(candidate, &EncoderConfig { fps, ..config(largest) });
    let picture = content::text(largest, 11, 0);
    let unit = stream.code(&picture);
    assert_eq!((facts(&unit).kind(), unit.size), (UnitKind::Idr, largest));
    assert!(psnr(&Player::new().play(&unit.data).as_ref(), &picture.as_ref()) > 35.0);
    let too_large = Size::new(candidate.max.side + 1, 16);
    let refused = candidate.open(&config(too_large)).err().expect("too wide");
    assert!(matches!(refused, EncodeError::Size { size, .. } if size == too_large), "{refused}");
    let change = Change { size: Some(too_large), ..Change::default() };
    assert!(matches!(stream.encoder.reconfigure(&change), Err(EncodeError::Size { .. })));
    assert_eq!(stream.code(&picture).kind, UnitKind::Delta, "the stream goes on as it was");
}

pub(crate) fn text_stays_sharp(candidate: &'static Candidate) {
    let mut stream = Stream::new(candidate, &config(SIZE));
    let mut player = Player::new();
    for count in 0..60 {
        // A new page every tenth picture, scrolling in between.
        let picture = content::text(SIZE, 6 + count as u64 / 10, count * 8);
        let seen = player.play(&stream.code(&picture).data);
        let sharpness = psnr(&seen.as_ref(), &picture.as_ref());
        assert!(sharpness >= 35.0, "picture {count}: {sharpness:.1} dB");
    }
}

/// Text that scrolls, squares that change, noise and new pages, each picture with its number burnt in.
fn mixed(page: &Page, picture: &mut Picture, count: usize) -> Damage {
    let mut damage = Damage::full(SIZE);
    match count / 20 % 4 {
        0 => page.show(picture, count * 8),
        1 => {
            page.show_square(picture, (144, 64), 32, count * 16);
            damage.reset(SIZE);
            damage.add(Rect::new(144, 64, 32, 32));
        }
        2 if count.is_multiple_of(5) => content::noise(picture, count as u64),
        2 => page.show(picture, count * 40),
        _ => page.show_square(picture, (count % 160, 64), 64, count * 3),
    }
    content::burn(picture, u32::try_from(count).expect("a small count"));
    for corner in [marker::Corner::TopLeft, marker::Corner::BottomRight] {
        damage.add(corner.rect(SIZE).expect("large enough"));
    }
    damage
}

pub(crate) fn a_thousand_pictures_reach_ffmpeg_whole(candidate: &'static Candidate) {
    const COUNT: usize = 1000;
    let mut stream = Stream::new(candidate, &config(SIZE));
    let page = Page::new(SIZE.width as usize, 64, 7);
    let (mut picture, mut bytes, mut idrs) = (content::blank(SIZE), Vec::new(), 0);
    let mut player = Player::new();
    for count in 0..COUNT {
        let damage = mixed(&page, &mut picture, count);
        let keyframe = if count % 250 == 100 { Keyframe::Force } else { Keyframe::Auto };
        let unit = stream.push(&picture, &damage, keyframe).expect("a unit");
        idrs += usize::from(facts(&unit).kind() == UnitKind::Idr);
        bytes.extend_from_slice(&unit.data);
        assert_number(&player.play(&unit.data).as_ref(), count);
    }
    assert_eq!(idrs, 5, "the first picture and four on demand; all others build on what was before");
    assert_eq!(ffmpeg(bytes, SIZE, |count, picture| assert_number(picture, count)), COUNT);
}

fn assert_number(picture: &lunette_frame::PictureRef<'_>, count: usize) {
    match marker::read(picture) {
        Reading::Whole(marker) if marker.counter as usize == count => {}
        other => panic!("picture {count} shows {other:?}"),
    }
}

pub(crate) fn a_still_picture_gives_nothing(candidate: &'static Candidate) {
    let mut stream = Stream::new(candidate, &config(SIZE));
    let picture = content::text(SIZE, 8, 0);
    stream.code(&picture);
    for _ in 0..600 {
        assert!(stream.push(&picture, &Damage::none(SIZE), Keyframe::Auto).is_none());
    }
    assert_eq!(stream.code(&picture).kind, UnitKind::Delta, "the stream goes on where it rested");
}

/// Bits per second that noise takes under this ceiling, over four seconds.
fn noise_rate(stream: &mut Stream) -> f64 {
    let mut picture = content::blank(SIZE);
    let mut bits = 0;
    for count in 0..240 {
        content::noise(&mut picture, count);
        bits += stream.offer(&picture).map_or(0, |unit| unit.data.len() * 8);
    }
    bits as f64 / 4.0
}

pub(crate) fn noise_stays_under_the_ceiling(candidate: &'static Candidate) {
    let ceiling = 4_000_000;
    let max_bitrate = BitRate::from_bits_per_second(ceiling);
    let mut stream = Stream::new(candidate, &EncoderConfig { max_bitrate, ..config(SIZE) });
    let rate = noise_rate(&mut stream) / f64::from(ceiling);
    assert!((0.6..=1.3).contains(&rate), "{rate:.2} times the ceiling");
}

pub(crate) fn a_new_ceiling_or_quality_is_seamless(candidate: &'static Candidate) {
    let mut stream = Stream::new(candidate, &config(SIZE));
    let mut player = Player::new();
    let mut sizes = Vec::new();
    let changes = [
        Change::default(),
        Change { max_bitrate: Some(BitRate::from_bits_per_second(1_500_000)), ..Change::default() },
        Change {
            fps: Some(FrameRate::new(30, 1).expect("valid")),
            quality: Some(Quality::new(95).expect("valid")),
            ..Change::default()
        },
        Change { max_bitrate: Some(BitRate::from_bits_per_second(300_000_000)), ..Change::default() },
    ];
    for (step, change) in changes.iter().enumerate() {
        assert_eq!(stream.change(change), Applied::Seamless);
        let mut bytes = 0;
        for count in 0..60 {
            let unit = stream.code(&content::text(SIZE, count, 0));
            assert_eq!(unit.is_idr(), step == 0 && count == 0, "picture {count} of step {step}");
            player.play(&unit.data);
            bytes += unit.data.len();
        }
        sizes.push(bytes);
    }
    assert!(sizes[1] * 3 < sizes[0] * 2 && sizes[3] > sizes[0], "{sizes:?}");
}

pub(crate) fn threads_still_give_one_unit_per_picture(candidate: &'static Candidate) {
    let size = Size::new(640, 360);
    let mut stream = Stream::new(candidate, &EncoderConfig { threads: 2, ..config(size) });
    let mut player = Player::new();
    for count in 0..12 {
        let picture = content::text(size, 9, count * 8);
        let unit = stream.code(&picture);
        let facts = facts(&unit);
        assert!(facts.is_one_picture() && facts.slices == 2, "{facts:?}");
        assert!(psnr(&player.play(&unit.data).as_ref(), &picture.as_ref()) > 35.0, "picture {count}");
    }
}

pub(crate) fn tiny_and_narrow_pictures_work_with_any_number_of_threads(candidate: &'static Candidate) {
    for threads in [1, 2, 4, 64] {
        for (width, height) in [(16, 16), (17, 33), (1000, 16), (16, 1000), (130, 98)] {
            let size = Size::new(width, height);
            let mut stream = Stream::new(candidate, &EncoderConfig { threads, ..config(size) });
            let mut player = Player::new();
            for count in 0..3 {
                let picture = content::text(size, 10, count * 8);
                let unit = stream.code(&picture);
                assert!(facts(&unit).is_one_picture(), "{size} with {threads} threads: {:?}", facts(&unit));
                assert!(psnr(&player.play(&unit.data).as_ref(), &picture.as_ref()) > 30.0, "picture {count} of {size}");
            }
        }
    }
}

pub(crate) fn a_quiet_picture_makes_good_what_the_ceiling_took(candidate: &'static Candidate) {
    let max_bitrate = BitRate::from_bits_per_second(1_000_000);
    let mut stream = Stream::new(candidate, &EncoderConfig { max_bitrate, ..config(SIZE) });
    let mut player = Player::new();
    let mut last = content::blank(SIZE);
    for seed in 0..60 {
        last = content::text(SIZE, seed, 0);
        if let Some(unit) = stream.offer(&last) {
            player.play(&unit.data);
        }
    }
    assert!(stream.encoder.owes_quality());
    let mut rounds = 0;
    let mut seen = None;
    while stream.encoder.owes_quality() && rounds < 10 {
        // Half a second of rest, in which nothing is encoded.
        (0..30).for_each(|_| assert!(stream.push(&last, &Damage::none(SIZE), Keyframe::Auto).is_none()));
        seen = Some(player.play(&stream.code(&last).data));
        rounds += 1;
    }
    let sharpness = psnr(&seen.expect("a round").as_ref(), &last.as_ref());
    assert!(rounds < 10 && sharpness >= 35.0, "{sharpness:.1} dB after {rounds} rounds");
}

pub(crate) fn typing_leaves_the_next_page_sharp(candidate: &'static Candidate) {
    let size = Size::new(960, 540);
    let max_bitrate = BitRate::from_bits_per_second(10_000_000);
    let mut stream = Stream::new(candidate, &EncoderConfig { max_bitrate, ..config(size) });
    let page = Page::new(size.width as usize, 200, 12);
    let mut picture = content::blank(size);
    let mut player = Player::new();
    for top in [0, 540] {
        page.show(&mut picture, top);
        player.play(&stream.code(&picture).data);
        // Half a second in which nothing changes.
        (0..30).for_each(|_| drop(stream.push(&picture, &Damage::none(size), Keyframe::Auto)));
    }
    for letter in 0..100_u32 {
        let (x, y) = (7 + letter % 45 * 13, 101 + letter / 45 * 18);
        page.show_square(&mut picture, (x as usize, y as usize), 12, letter as usize * 16);
        let mut damage = Damage::none(size);
        damage.add(Rect::new(x, y, 12, 12));
        player.play(&stream.push(&picture, &damage, Keyframe::Auto).expect("a unit").data);
    }
    page.show(&mut picture, 1080);
    let sharpness = psnr(&player.play(&stream.code(&picture).data).as_ref(), &picture.as_ref());
    assert!(sharpness >= 38.0, "{sharpness:.1} dB: the page was coded coarser than it had to be");
}
