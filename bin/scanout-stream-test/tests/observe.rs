//! Whole runs against a server with a script.

mod support;

use std::time::Duration;

use lunette_wire::hxfr::{ErrorCode, ErrorReply, Message};
use scanout_stream_test::report::Source;
use scanout_stream_test::stats::Latency;
use scanout_stream_test::{
    ConnectError, Ended, Monotonic, Observation, ObserveError, Plan, Subscriber, Until, Verification, observe,
};
use support::screen::stream;
use support::server::{Server, granted, picture, picture_at};
use support::{SCANOUT, plan, report, run};

#[test]
fn a_good_stream_is_counted_saved_and_verified() {
    let units = stream(SCANOUT, 0..20);
    let server = Server::of(units.clone());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.h264");
    let until = Until { frames: Some(20), ..plan(&server.address).until };
    let verification = Verification::Markers;
    let report = report(&Plan { until, verification, save: Some(path.clone()), ..plan(&server.address) });
    assert!(report.is_fine(), "{report}");
    assert_eq!((report.ended, report.frames, report.idr.count, report.p.count), (Ended::Frames, 20, 1, 19));
    assert_eq!(report.verify.map(|verify| verify.markers.right), Some(20));
    assert_eq!(report.idr.max, units[0].len() as u64);
    let sps = report.stream.sps.expect("one came");
    assert_eq!((sps.width, sps.height, sps.reorder), (320, 96, Some(0)));
    assert_eq!(std::fs::read(path).unwrap(), units.concat());
}

#[test]
fn latency_is_measured_on_the_same_clock() {
    let units = stream(SCANOUT, 0..5);
    let server = Server::start(move |client| {
        client.send(&granted());
        assert_eq!(client.receive(), Some(Message::KeyframeRequest), "the client knows of the consent");
        units.iter().for_each(|unit| client.send(&picture(unit)));
    });
    let observation = run(async {
        let Plan { address, limits, .. } = plan(&server.address);
        let mut subscriber = Subscriber::connect(&address, SCANOUT, limits).await.expect("consent");
        subscriber.send(&Message::KeyframeRequest).await.expect("sent");
        let mut observation = Observation::new(subscriber.connecting_since(), subscriber.subscribed_at());
        while let Some(frame) = subscriber.next().await.expect("pictures") {
            observation.add(&frame);
        }
        observation
    });
    let source = Source { server: String::new(), scanout: SCANOUT.get(), skipped_messages: 0 };
    let report = observation.report(source, Monotonic::now(), Ended::Closed, None);
    let Latency::Measured(found) = report.latency else { panic!("same clock") };
    assert_eq!(found.count, 5);
    assert!(found.p50_ms > 0.0 && found.p50_ms <= found.max_ms, "{found:?}");
}

#[test]
fn another_clock_gives_no_latency() {
    let units = stream(SCANOUT, 0..3);
    let server = Server::start(move |client| {
        client.send(&granted());
        let future = i64::MAX / 2;
        (future..).zip(&units).for_each(|(pts, unit)| client.send(&picture_at(unit, pts)));
    });
    let report = report(&plan(&server.address));
    assert_eq!(report.latency, Latency::OtherClock);
    assert!(report.to_string().contains("not comparable: other clock"));
}

#[test]
fn a_still_screen_is_fine_and_no_picture_is_not() {
    let quick = |plan: Plan| Plan { until: Until { time: Duration::from_millis(300), frames: None }, ..plan };
    for count in [0, 1] {
        let units = stream(SCANOUT, 0..count);
        let server = Server::start(move |client| {
            client.send(&granted());
            units.iter().for_each(|unit| client.send(&picture(unit)));
            client.stay_silent();
        });
        let report = report(&quick(Plan { verification: Verification::Markers, ..plan(&server.address) }));
        assert_eq!((report.frames, report.is_fine()), (count.into(), count == 1), "{report}");
        assert_eq!(report.ended, Ended::Time);
    }
}

#[test]
fn an_error_that_ends_the_stream_is_reported_with_its_text() {
    let units = stream(SCANOUT, 0..2);
    let server = Server::start(move |client| {
        client.send(&granted());
        units.iter().for_each(|unit| client.send(&picture(unit)));
        client.send(&Message::Error(ErrorReply::new(ErrorCode::Internal, "the machine was reset")));
    });
    let report = report(&plan(&server.address));
    assert_eq!(report.frames, 2);
    assert!(report.faults[0].ends_with("the server sent ERROR -99: the machine was reset"), "{report}");
}

#[test]
fn breaches_of_the_protocol_are_faults() {
    let units = stream(SCANOUT, 0..4);
    let server = Server::start(move |client| {
        client.send(&granted());
        [5, 9, 9].into_iter().zip(&units[1..]).for_each(|(pts, unit)| client.send(&picture_at(unit, pts)));
    });
    let report = report(&plan(&server.address));
    assert!(report.stream.started_without_keyframe);
    assert_eq!(report.stream.pts_not_increasing, 1);
    assert_eq!(report.ended, Ended::Closed);
    assert_eq!(report.faults.len(), 3, "{report}");
}

#[test]
fn stopping_before_the_subscription_is_no_report() {
    let (asked, when_asked) = tokio::sync::oneshot::channel();
    let server = Server::start(|client| {
        asked.send(()).expect("the test waits");
        client.stay_silent();
    });
    let stopped = run(observe(&plan(&server.address), async { when_asked.await.expect("it subscribes") }));
    assert!(matches!(stopped, Err(ObserveError::Connect(ConnectError::Interrupted { .. }))));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let address = "127.0.0.1:1".parse().unwrap();
    let plan = Plan { save: Some("/nonexistent/out.h264".into()), ..plan(&address) };
    let error = run(observe(&plan, std::future::pending())).unwrap_err();
    assert_eq!(error.to_string(), "cannot write /nonexistent/out.h264");
}
