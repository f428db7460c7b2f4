//! Looking at a stream that is really encoded and decoded.

mod support;

use std::time::Duration;

use lunette_frame::{AccessUnit, Rect, Size};
use lunette_snapshot::{Changed, SnapshotError, Snapshots, View};
use support::{Desktop, Hub, SIZE, Tap, soon};
use tokio::time::Instant;

const IDLE: Duration = Duration::from_secs(30);
const SPOT: Rect = Rect::new(64, 64, 16, 16);

/// A stream whose first picture was looked at.
async fn started() -> (Desktop, Hub, Tap, Snapshots) {
    let (mut desktop, hub) = (Desktop::new(SIZE), Hub::default());
    let tap = hub.prepare([desktop.idr()]);
    let snapshots = hub.snapshots(IDLE);
    assert_eq!(snapshots.shot(soon()).await.expect("a picture").frame(), 1);
    (desktop, hub, tap, snapshots)
}

/// Up to picture 5: after the first one the encoder makes a few blocks finer, which is a change of what is seen.
async fn settle(desktop: &mut Desktop, tap: &Tap, snapshots: &Snapshots) {
    for _ in 0..4 {
        tap.send(desktop.delta()).expect("open");
    }
    while snapshots.newest() != Some(5) {
        tokio::task::yield_now().await;
    }
}

fn rects(changed: &Changed) -> &[Rect] {
    match changed {
        Changed::Rects { rects, .. } => rects,
        Changed::Unknown { .. } => panic!("{changed:?}"),
    }
}

#[tokio::test]
async fn the_newest_picture_is_what_was_drawn() {
    let (mut desktop, _hub, tap, snapshots) = started().await;
    desktop.fill(SPOT, 30);
    tap.send(desktop.delta()).expect("open");
    let shot = snapshots.wait_change(1, None, soon()).await.expect("a picture").shot;
    assert_eq!((shot.frame(), shot.size()), (2, SIZE));
    let (given, wanted) = (shot.picture().as_ref(), desktop.picture.as_ref());
    let error = (0..SIZE.height as usize).flat_map(|y| {
        let rows = given.planes()[0].row(y, 0, 320).iter().zip(wanted.planes()[0].row(y, 0, 320));
        rows.map(|(a, b)| u64::from(a.abs_diff(*b))).collect::<Vec<_>>()
    });
    assert!(error.sum::<u64>() / SIZE.area() < 8);
}

#[tokio::test]
async fn only_what_changed_is_told_and_a_region_elsewhere_is_unchanged() {
    let (mut desktop, _hub, tap, snapshots) = started().await;
    settle(&mut desktop, &tap, &snapshots).await;
    desktop.fill(SPOT, 30);
    tap.send(desktop.delta()).expect("open");
    let changed = snapshots.wait_change(5, None, soon()).await.expect("a picture").changed;
    // The loop filter may touch the tiles beside it.
    let near = Rect::new(48, 48, 48, 48);
    assert!(rects(&changed).iter().any(|rect| rect.contains(SPOT)));
    assert!(rects(&changed).iter().all(|rect| near.contains(*rect)), "{changed:?}");
    let check = |frame, region| snapshots.unchanged_since(frame, region, soon());
    assert_eq!(check(5, Rect::new(200, 20, 80, 80)).await.expect("a picture"), Ok(()));
    assert!(check(5, SPOT).await.expect("a picture").is_err());
    assert_eq!(check(6, SPOT).await.expect("a picture"), Ok(()));
}

#[tokio::test]
async fn a_picture_that_starts_anew_is_no_change() {
    let (mut desktop, _hub, tap, snapshots) = started().await;
    for _ in 0..3 {
        tap.send(desktop.idr()).expect("open");
    }
    desktop.fill(SPOT, 30);
    tap.send(desktop.idr()).expect("open");
    let wait = snapshots.wait_change(1, None, soon()).await.expect("a picture");
    assert_eq!((wait.shot.frame(), rects(&wait.changed)), (5, [SPOT].as_slice()));
}

#[tokio::test]
async fn waiting_for_a_change_ends_with_the_deadline() {
    let (_desktop, _hub, _tap, snapshots) = started().await;
    let wait = snapshots.wait_change(1, None, Instant::now()).await.expect("a picture");
    assert!(wait.changed.is_nothing() && wait.shot.frame() == 1);
    let wait = snapshots.wait_change(7, None, soon()).await.expect("a picture");
    assert_eq!(wait.changed, Changed::Unknown { frame: 1, size: SIZE });
}

#[tokio::test]
async fn a_screen_where_nothing_comes_is_stable() {
    let (_desktop, _hub, _tap, snapshots) = started().await;
    let quiet = Duration::from_millis(50);
    let before = Instant::now();
    let wait = snapshots.wait_stable(quiet, None, soon()).await.expect("a picture");
    assert!(wait.stable && before.elapsed() < Duration::from_secs(10));
    let wait = snapshots.wait_stable(IDLE, None, Instant::now() + quiet).await.expect("a picture");
    assert!(!wait.stable);
}

#[tokio::test]
async fn a_change_elsewhere_does_not_disturb_a_quiet_region() {
    let (mut desktop, _hub, tap, snapshots) = started().await;
    settle(&mut desktop, &tap, &snapshots).await;
    let quiet = Duration::from_millis(100);
    let region = Some(Rect::new(200, 100, 64, 64));
    assert!(snapshots.wait_stable(quiet, region, soon()).await.expect("a picture").stable);
    desktop.fill(SPOT, 30);
    tap.send(desktop.delta()).expect("open");
    snapshots.wait_change(5, None, soon()).await.expect("a picture");
    // It has been quiet before, so there is nothing to wait for.
    assert!(snapshots.wait_stable(quiet, region, Instant::now()).await.expect("a picture").stable);
    assert!(!snapshots.wait_stable(IDLE, Some(SPOT), Instant::now()).await.expect("a picture").stable);
}

#[tokio::test]
async fn many_look_and_it_is_decoded_once() {
    let (mut desktop, hub, tap, snapshots) = started().await;
    let waiting = (0..20).map(|_| {
        let snapshots = snapshots.clone();
        tokio::spawn(async move { snapshots.wait_change(1, None, soon()).await.expect("a picture").shot.frame() })
    });
    let waiting: Vec<_> = waiting.collect();
    desktop.fill(SPOT, 30);
    tap.send(desktop.delta()).expect("open");
    for task in waiting {
        assert_eq!(task.await.expect("no panic"), 2);
    }
    assert_eq!(hub.subscribed(), 1);
}

#[tokio::test]
async fn nobody_looks_and_nothing_is_decoded() {
    let (mut desktop, hub) = (Desktop::new(SIZE), Hub::default());
    let tap = hub.prepare([desktop.idr()]);
    let snapshots = hub.snapshots(Duration::ZERO);
    assert!(!snapshots.is_running());
    snapshots.shot(soon()).await.expect("a picture");
    tokio::time::timeout(IDLE, tap.closed()).await.expect("the subscription ends");
    // Whoever looks again is told what changed meanwhile.
    desktop.fill(SPOT, 30);
    desktop.frame += 10;
    let _tap = hub.prepare([desktop.idr()]);
    let (shot, changed) = snapshots.changed_since(1, None, soon()).await.expect("a picture");
    assert_eq!((shot.frame(), rects(&changed)), (12, [SPOT].as_slice()));
    assert_eq!(hub.subscribed(), 2);
}

#[tokio::test]
async fn a_subscription_that_starts_in_the_past_shows_only_its_end() {
    let (mut desktop, hub) = (Desktop::new(SIZE), Hub::default());
    let past = [desktop.idr(), desktop.delta(), desktop.delta()];
    let first = hub.prepare(past.clone());
    let snapshots = hub.snapshots(Duration::ZERO);
    assert_eq!(snapshots.shot(soon()).await.expect("a picture").frame(), 3);
    tokio::time::timeout(IDLE, first.closed()).await.expect("the subscription ends");
    desktop.fill(SPOT, 30);
    let _second = hub.prepare(past.into_iter().chain([desktop.delta()]));
    let (shot, changed) = snapshots.changed_since(3, None, soon()).await.expect("a picture");
    assert_eq!((shot.frame(), rects(&changed).len()), (4, 1), "{changed:?}");
}

#[tokio::test]
async fn another_size_is_a_change_of_everything() {
    let (_desktop, _hub, tap, snapshots) = started().await;
    let mut other = Desktop::new(Size::new(256, 256));
    other.frame = 1;
    tap.send(other.idr()).expect("open");
    let wait = snapshots.wait_change(1, None, soon()).await.expect("a picture");
    assert_eq!(rects(&wait.changed), [Size::new(256, 256).bounds()]);
    assert_eq!(wait.shot.render(&View::default()).expect("renders").size(), Size::new(256, 256));
}

#[tokio::test]
async fn a_stream_that_ends_says_why_and_may_be_tried_again() {
    let (mut desktop, hub, tap, snapshots) = started().await;
    tap.send(Err("the lease is gone".to_owned())).expect("open");
    let error = snapshots.wait_change(1, None, soon()).await.expect_err("ended");
    assert!(matches!(error, SnapshotError::Feed(why) if why == "the lease is gone"));
    let _tap = hub.prepare([desktop.idr()]);
    while snapshots.is_running() {
        tokio::task::yield_now().await;
    }
    assert_eq!(snapshots.shot(soon()).await.expect("a picture").frame(), 2);
}

#[tokio::test]
async fn a_broken_unit_costs_a_new_subscription() {
    let (mut desktop, hub, tap, snapshots) = started().await;
    desktop.fill(SPOT, 30);
    let (frame, unit) = desktop.delta().expect("a unit");
    let broken = AccessUnit { data: bytes::Bytes::from_static(&[0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff]), ..unit };
    let _second = hub.prepare([desktop.idr()]);
    tap.send(Ok((frame, broken))).expect("open");
    let wait = snapshots.wait_change(1, None, soon()).await.expect("a picture");
    assert_eq!((wait.shot.frame(), hub.subscribed()), (3, 2));
}

#[tokio::test]
async fn a_stream_that_never_decodes_is_given_up() {
    let (mut desktop, hub) = (Desktop::new(SIZE), Hub::default());
    let (frame, unit) = desktop.idr().expect("a unit");
    let broken = AccessUnit { data: bytes::Bytes::from_static(&[0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff]), ..unit };
    let _taps = [0; 4].map(|_| hub.prepare([Ok((frame, broken.clone()))]));
    let error = hub.snapshots(IDLE).shot(soon()).await.expect_err("broken");
    assert!(matches!(error, SnapshotError::Decode(_)), "{error}");
    assert_eq!(hub.subscribed(), 3);
}

#[tokio::test]
async fn without_a_picture_a_deadline_is_an_error() {
    let hub = Hub::default();
    let _tap = hub.prepare([]);
    let error = hub.snapshots(IDLE).shot(Instant::now()).await.expect_err("nothing came");
    assert!(matches!(error, SnapshotError::NoPicture));
}
