//! Clients that take less than there is.

use std::time::Duration;

use lunette_input_events::Kind;
use lunette_wire::stream::{Input, Playing, ServerControl, ServerMessage};
use tokio::time::Instant;

use crate::support::{Bridge, Eye, Request, SOON, Viewer, earlier, knowing};

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

/// Reads nothing more of what arrives until that has taken its time.
async fn falls_behind(viewer: &mut Viewer, eye: &mut Eye) {
    viewer.reports = false;
    let until = Instant::now() + SOON;
    loop {
        assert!(Instant::now() < until, "it is not told that it is slow");
        match viewer.message().await {
            ServerMessage::Video(frame) => drop(eye.look(&frame)),
            ServerMessage::Control(ServerControl::Video(state)) if state.state == Playing::Slow => return,
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
    let mut last = first.head.pts_us;
    eye.look(&first);
    others_eye.look(&others_first);
    for _ in 0..5 {
        let frame = viewer.frame().await;
        last = frame.head.pts_us;
        eye.look(&frame);
    }
    falls_behind(&mut viewer, &mut eye).await;
    // The other one goes on meanwhile, for long enough that what waited is given up.
    let stalled = Instant::now();
    while stalled.elapsed() < Duration::from_secs(1) {
        others_eye.look(&other.frame().await);
    }
    viewer.reports = true;
    viewer.report(last).await;
    let frame = viewer.frame().await;
    assert!(frame.head.keyframe, "frames were left out");
    eye.look(&frame);
    for _ in 0..10 {
        eye.look(&viewer.frame().await);
        others_eye.look(&other.frame().await);
    }
}
