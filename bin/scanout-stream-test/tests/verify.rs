//! The verifier on streams of the real encoder.

mod support;

use bytes::Bytes;
use lunette_frame::ScanoutId;
use lunette_frame::marker::Marker;
use scanout_stream_test::Verifier;
use scanout_stream_test::verify::{MarkerTally, Outcome, Verdict, VerifyReport, Worker};
use support::screen::{Look, Screen, kind, stream};
use support::{SCANOUT, run};

fn verify(units: &[Bytes]) -> VerifyReport {
    let mut verifier = Verifier::new(SCANOUT).expect("a decoder");
    units.iter().for_each(|unit| _ = verifier.feed(unit));
    verifier.report()
}

#[test]
fn a_good_stream_is_right_throughout() {
    let report = verify(&stream(SCANOUT, 100..130));
    assert_eq!(report.markers, MarkerTally { right: 30, ..MarkerTally::default() });
    assert_eq!((report.units, report.faults().len()), (30, 0));
}

#[test]
fn a_still_screen_of_one_picture_is_right() {
    assert_eq!(verify(&stream(SCANOUT, [7])).markers.right, 1);
}

#[test]
fn replaced_frames_are_counted_and_forgiven() {
    let report = verify(&stream(SCANOUT, [1, 2, 5, 6, 16]));
    assert_eq!((report.markers.gaps, report.markers.replaced), (2, 11));
    assert!(report.faults().is_empty());
}

#[test]
fn pictures_of_another_scanout_and_old_ones_are_faults() {
    let report = verify(&stream(ScanoutId::new(4), [1, 2]));
    assert_eq!(report.faults(), ["pictures of another scanout: 2", "the first, picture 0: frame 1 of scanout 4"]);
    let report = verify(&stream(SCANOUT, [5, 4, 5]));
    assert_eq!(
        report.faults(),
        ["pictures older than the one before: 1", "the first, picture 1: frame 4 after frame 5"]
    );
}

#[test]
fn torn_and_bare_pictures_are_faults() {
    let marker = |counter| Some(Marker { counter, scanout: SCANOUT });
    let mut screen = Screen::default();
    let looks = [
        Look { top: marker(1), bottom: marker(1) },
        Look { top: marker(3), bottom: marker(2) },
        Look { top: None, bottom: None },
        Look { top: marker(4), bottom: None },
    ];
    let report = verify(&looks.map(|look| screen.encode(look)));
    let expected = MarkerTally { right: 2, torn: 1, missing: 1, gaps: 1, replaced: 2, ..MarkerTally::default() };
    assert_eq!(report.markers, expected);
}

#[test]
fn a_lost_keyframe_makes_every_picture_undecodable_until_the_next() {
    let mut screen = Screen::default();
    let mut units: Vec<_> = (0..3).map(|counter| screen.encode(Look::whole(SCANOUT, counter))).collect();
    screen.force_idr();
    units.push(screen.encode(Look::whole(SCANOUT, 3)));
    let report = verify(&units[1..]);
    assert_eq!((report.undecodable, report.markers.right), (2, 1));
    assert!(report.first_fault.is_some_and(|what| what.starts_with("picture 0: ")));
}

#[test]
fn noise_is_undecodable_and_no_panic() {
    let mut verifier = Verifier::new(SCANOUT).unwrap();
    for unit in [&b""[..], b"HXFR", &[0, 0, 0, 1], &[0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff]] {
        assert!(matches!(verifier.feed(unit), Outcome::Undecodable(_)), "{unit:?}");
    }
    let unit = stream(SCANOUT, [1]).remove(0);
    assert!(matches!(verifier.feed(&unit), Outcome::Seen(Verdict::Right(_))), "{:?}", kind(&unit));
}

#[test]
fn the_worker_decodes_all_that_was_queued_before_it_reports() {
    let count = u32::try_from(Worker::QUEUE).unwrap() * 3;
    let units = stream(SCANOUT, 0..count);
    let report = run(async {
        let mut worker = Worker::start(SCANOUT).unwrap();
        for unit in units {
            worker.feed(unit).await;
        }
        worker.finish().await
    });
    assert_eq!(report.markers.right, u64::from(count));
}
