//! ENABLE_SCANOUT and DISABLE_SCANOUT.

use std::time::Duration;

use lunette_frame::{ScanoutId, Size};
use lunette_wire::hxfr::{DisableScanout, EnableScanout, Message, ScanoutResponse, SessionId};

use crate::support::{Client, Eye, Server, picture_size};

fn enable(server: &Server, scanout: u16, width: u32, height: u32) -> ScanoutResponse {
    let scanout = ScanoutId::new(scanout);
    let message = EnableScanout { scanout, size: Size::new(width, height), refresh_hz: 60 };
    let mut client = Client::connect(server);
    client.send(&Message::EnableScanout(message));
    client.scanout_response()
}

fn disable(server: &Server, scanout: u16) -> ScanoutResponse {
    let mut client = Client::connect(server);
    client.send(&Message::DisableScanout(DisableScanout { scanout: ScanoutId::new(scanout) }));
    client.scanout_response()
}

#[test]
fn enabling_is_answered_with_the_guests_name_of_the_output() {
    let server = Server::small("typing", "60");
    let expected = ScanoutResponse { scanout: ScanoutId::new(3), success: true, connector: "Virtual-4".to_owned() };
    assert_eq!(enable(&server, 3, 320, 240), expected);
    assert_eq!(enable(&server, 3, 320, 240), expected, "repeated");
    assert_eq!(disable(&server, 3), expected);
}

#[test]
fn an_enabled_scanout_has_a_stream_of_its_size() {
    let server = Server::small("typing", "60");
    assert!(!Client::connect(&server).subscribe(5));
    assert!(enable(&server, 5, 320, 240).success);
    let frames = Client::subscribed(&server, 5).frames(10);
    assert_eq!(picture_size(&frames[0].response), Some(Size::new(320, 240)));
    Eye::new(5).look_at_all(&frames);
}

#[test]
fn disabling_ends_the_subscribers_with_an_error() {
    let server = Server::small("typing", "60");
    let mut clients: Vec<_> = (0..3).map(|_| Client::subscribed(&server, 0)).collect();
    clients.iter_mut().for_each(|client| drop(client.frame()));
    assert!(disable(&server, 0).success);
    for client in &mut clients {
        let mut last = client.closed();
        assert!(matches!(last.pop(), Some(Message::Error(_))), "an ERROR comes last");
        assert!(last.iter().all(|message| matches!(message, Message::FrameResponse(_))));
    }
    assert!(!Client::connect(&server).subscribe(0), "it is gone");
}

#[test]
fn a_scanout_that_comes_back_has_subscribers_again() {
    let server = Server::small("still", "60");
    for _ in 0..5 {
        let mut client = Client::subscribed(&server, 0);
        client.frame();
        assert!(disable(&server, 0).success);
        assert!(matches!(client.closed().last(), Some(Message::Error(_))));
        assert!(enable(&server, 0, 640, 360).success);
    }
    assert!(Client::subscribed(&server, 0).frame().is_idr());
}

#[test]
fn what_cannot_be_switched_is_refused() {
    let server = Server::small("typing", "60");
    let refused = [enable(&server, 99, 640, 360), enable(&server, 1, 0, 0), enable(&server, 1, 60_000, 60_000)];
    assert!(refused.iter().all(|response| !response.success), "{refused:?}");
    assert!(disable(&server, 7).success, "it is not enabled, and is not afterwards");
    Eye::new(0).look_at_all(&Client::subscribed(&server, 0).frames(5));
}

#[test]
fn a_new_mode_changes_the_running_stream_at_an_idr() {
    for pattern in ["typing", "still"] {
        let server = Server::small(pattern, "60");
        let mut client = Client::subscribed(&server, 0);
        let mut eye = Eye::new(0);
        eye.look(&client.frame());
        assert!(enable(&server, 0, 480, 270).success);
        let changed = loop {
            let frame = client.frame_within(Duration::from_secs(1)).expect("the new picture comes at once");
            let seen = eye.look(&frame);
            match picture_size(&frame.response) {
                Some(size) if size == Size::new(480, 270) => break seen,
                Some(size) => assert_eq!(size, Size::new(640, 360), "{pattern}"),
                None => {}
            }
        };
        assert!(changed.idr, "{pattern}");
    }
}

#[test]
fn who_joins_after_a_change_of_mode_is_told_the_real_size() {
    let server = Server::small("typing", "60");
    let mut first = Client::subscribed(&server, 0);
    first.frames(5);
    assert!(enable(&server, 0, 480, 270).success);
    while picture_size(&first.frame().response) != Some(Size::new(480, 270)) {}
    let frames = Client::subscribed(&server, 0).frames(10);
    assert_eq!(picture_size(&frames[0].response), Some(Size::new(480, 270)));
    Eye::new(0).look_at_all(&frames);
}

#[test]
fn switching_is_answered_with_the_session_that_asked() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    let size = Size::new(320, 240);
    client.send(&Message::EnableScanout(EnableScanout { scanout: ScanoutId::new(4), size, refresh_hz: 60 }));
    let (session, message) = client.message();
    assert!(matches!(message, Message::ScanoutResponse(ScanoutResponse { success: true, .. })));
    assert_eq!(session, SessionId::NONE);
}
