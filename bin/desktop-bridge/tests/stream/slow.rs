//! Clients that take less than there is.

use std::time::Duration;

use lunette_input_events::Kind;
use lunette_wire::stream::{Input, Playing, ServerControl, ServerMessage};
use tokio::time::{Instant, timeout};

use crate::support::{Bridge, Eye, Request, SOON, Viewer, earlier, knowing};

/// Longer than between two pictures that are sent.
const PAUSE: Duration = Duration::from_millis(800);

#[tokio::test]
async fn a_client_that_reads_nothing_delays_nobody() {
    let bridge = Bridge::showing("scroll");
    let mut stuck = Request::of(&bridge, "/ws/stream").narrow().open().await;
    stuck.init(&earlier("stuck")).await;
    let mut stuck_too = Request::of(&bridge, "/ws/stream").narrow().open().await;
    stuck_too.init(&knowing("stuck too")).await;
    let (mut viewer, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let (mut pointing, _) = Viewer::watching(&bridge, &knowing("Ada")).await;
    let mut eye = Eye::new();
    eye.look(&first);
    let mut gaps = Vec::new();
    for round in 0..90_i16 {
        // What is for everybody is for those too who take nothing.
        pointing.input(Input::MoveTo { x: round, y: 1, width: 100, height: 100 }).await;
        let asked = Instant::now();
        eye.look(&viewer.frame().await);
        gaps.push(asked.elapsed());
    }
    gaps.sort();
    // Frames come every 33 ms; one stuck client that counted would cost its 30 s.
    assert!(gaps[gaps.len() / 2] < Duration::from_millis(250), "{gaps:?}");
    assert!(gaps[gaps.len() - 1] < Duration::from_secs(5), "{gaps:?}");
    let holder = pointing.input_state().await.holder;
    assert!(holder.is_none_or(|holder| holder.kind == Kind::Person));
}

#[tokio::test]
async fn what_comes_after_a_pause_of_the_link_is_new() {
    let bridge = Bridge::showing("scroll");
    let (mut viewer, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let (mut eye, mut last) = (Eye::new(), first.head.pts_us);
    eye.look(&first);
    // Nothing is confirmed, so nothing more is sent, nor encoded meanwhile.
    viewer.reports = false;
    while let Ok(frame) = timeout(PAUSE, viewer.frame()).await {
        last = frame.head.pts_us;
        eye.look(&frame);
    }
    viewer.reports = true;
    viewer.report(last).await;
    let next = viewer.frame().await;
    eye.look(&next);
    let later = Duration::from_micros(next.head.pts_us - last);
    assert!(later > PAUSE / 2, "{later:?} later");
}

/// Reports nothing of what arrives until that has taken its time; gives the capture time of the last picture.
async fn falls_behind(viewer: &mut Viewer, eye: &mut Eye) -> u64 {
    viewer.reports = false;
    let (until, mut last) = (Instant::now() + SOON, 0);
    loop {
        assert!(Instant::now() < until, "it is not told that it is slow");
        match viewer.message().await {
            ServerMessage::Video(frame) => {
                eye.look(&frame);
                last = frame.head.pts_us;
            }
            ServerMessage::Control(ServerControl::Video(state)) if state.state == Playing::Slow => return last,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_slow_client_resumes_at_a_keyframe() {
    let bridge = Bridge::showing("scroll");
    let (mut viewer, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let (mut other, others_first) = Viewer::watching(&bridge, &knowing("Ada")).await;
    let (mut eye, mut others_eye) = (Eye::new(), Eye::new());
    eye.look(&first);
    others_eye.look(&others_first);
    for _ in 0..5 {
        eye.look(&viewer.frame().await);
    }
    let mut last = falls_behind(&mut viewer, &mut eye).await;
    // The other one goes on meanwhile, for long enough that what waited is given up.
    let stalled = Instant::now();
    while stalled.elapsed() < Duration::from_secs(1) {
        others_eye.look(&other.frame().await);
    }
    viewer.reports = true;
    viewer.report(last).await;
    // What was on its way comes first. Of what the other one got since, it goes on without any: at a keyframe, which may
    // have been made before the link stood still.
    let mut keyframes = 0;
    loop {
        let frame = viewer.frame().await;
        eye.look(&frame);
        keyframes += usize::from(frame.head.keyframe);
        let pause = frame.head.pts_us - std::mem::replace(&mut last, frame.head.pts_us);
        if pause > 500_000 {
            break;
        }
    }
    assert!(keyframes > 0, "frames were left out");
    for _ in 0..10 {
        eye.look(&viewer.frame().await);
        others_eye.look(&other.frame().await);
    }
}
