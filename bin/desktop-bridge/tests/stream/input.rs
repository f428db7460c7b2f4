//! Input, and whose it is.

use lunette_input_events::{KeyCode, Keysym, Modifiers};
use lunette_wire::stream::{ClientControl, CloseCode, Input, InputMessage, InputRequest, InputStanding, RefusedThing};
use serde_json::{Value, json};

use crate::support::{Bridge, Request, Viewer, earlier, eventually, knowing};

fn key(code: u16, down: bool) -> Input {
    Input::Key { down, modifiers: Modifiers::NONE, code: KeyCode(code) }
}

fn key_json(code: u16, down: bool) -> Value {
    json!({"type": "key", "code": code, "down": down})
}

#[tokio::test]
async fn keysyms_taps_and_text_reach_the_desktop() {
    let bridge = Bridge::showing("still");
    let mut viewer = Viewer::join(&bridge, &earlier("Zoë")).await;
    viewer.complete().await;
    let (modifiers, keysym) = (Modifiers::NONE, Keysym(0x0100_3042));
    viewer.input(Input::Keysym { down: true, modifiers, keysym }).await;
    viewer.input(Input::Keysym { down: false, modifiers, keysym }).await;
    let modifiers = Modifiers { ctrl: true, ..Modifiers::SHIFT };
    viewer.input(Input::KeysymTap { modifiers, keysym: Keysym(0xff0d) }).await;
    viewer.input(Input::Text("aé😀".to_owned())).await;
    let events = bridge.wait_for_events(4).await;
    assert_eq!(events[0], json!({"type": "keysym", "keysym": 0x0100_3042, "down": true}));
    assert_eq!(events[1]["down"], false);
    let tap = json!({"type": "tap", "keysym": 0xff0d, "shift": true, "ctrl": true, "alt": false, "meta": false});
    assert_eq!(events[2..], [tap, json!({"type": "text", "text": "aé😀"})]);
}

#[tokio::test]
async fn the_input_endpoint_moves_the_same_pointer() {
    let bridge = Bridge::showing("still");
    let (mut watching, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let mut program = Request::of(&bridge, "/ws/input").open().await;
    program.text("{\"type\":\"init\"}").await;
    program.bytes(b"\xff").await;
    let to = Input::MoveTo { x: 2048, y: 1024, width: 4096, height: 4096 };
    program.bytes(&InputMessage::Input(to).encode()).await;
    let pointer = watching
        .until(|message| match message {
            lunette_wire::stream::ServerMessage::RemoteCursor(pointer) => Some(pointer),
            _ => None,
        })
        .await;
    assert_eq!((pointer.x, pointer.y), (320, 90));
    let events = bridge.wait_for_events(1).await;
    assert_eq!(events, [json!({"type": "move_to", "x": 0.5, "y": 0.25})]);
    // Its turn keeps others out, as everybody's does.
    watching.input(key(30, true)).await;
    assert_eq!(watching.refused().await.what, RefusedThing::Input);
}

#[tokio::test]
async fn who_does_not_hold_the_input_is_refused_and_told() {
    let bridge = Bridge::showing("still");
    let (mut holder, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let mut other = Viewer::join(&bridge, &knowing("Ada")).await;
    assert_eq!(other.input_state().await.you, InputStanding::Free);
    holder.input(key(30, true)).await;
    let state = other.input_state().await;
    assert_eq!((state.you, state.holder.expect("held").name.as_str()), (InputStanding::Watching, "Zoë"));
    other.input(key(31, true)).await;
    let refused = other.refused().await;
    assert_eq!(refused.what, RefusedThing::Input);
    assert!(refused.reason.contains("Zoë"), "{}", refused.reason);
    // Asked for and granted, it passes on; what its holder held goes up first.
    other.control(ClientControl { input: Some(InputRequest::Request), ..ClientControl::default() }).await;
    let waiting = loop {
        if let Some(first) = holder.input_state().await.waiting.first() {
            break first.id;
        }
    };
    holder.control(ClientControl { input: Some(InputRequest::Grant(waiting)), ..ClientControl::default() }).await;
    while other.input_state().await.you != InputStanding::Holding {}
    other.input(key(31, true)).await;
    let events = bridge.wait_for_events(3).await;
    assert_eq!(events, [key_json(30, true), key_json(30, false), key_json(31, true)]);
}

#[tokio::test]
async fn keys_go_up_when_their_holder_leaves() {
    let bridge = Bridge::showing("still");
    let (mut leaving, _) = Viewer::watching(&bridge, &earlier("Zoë")).await;
    leaving.input(key(29, true)).await;
    leaving.input(Input::Button { down: true, button: 1 }).await;
    bridge.wait_for_events(2).await;
    // Without a word, as when a network fails.
    drop(leaving);
    let events = bridge.wait_for_events(4).await;
    assert_eq!(events[2..], [json!({"type": "button", "button": 0x110, "down": false}), key_json(29, false)]);
}

#[tokio::test]
async fn keys_go_up_when_their_holder_asks_for_it() {
    let bridge = Bridge::showing("still");
    let (mut viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    viewer.input(key(29, true)).await;
    viewer.control(ClientControl { release_keys: true, ..ClientControl::default() }).await;
    assert_eq!(bridge.wait_for_events(2).await, [key_json(29, true), key_json(29, false)]);
}

#[tokio::test]
async fn keys_of_the_input_endpoint_go_up_with_its_connection() {
    let bridge = Bridge::showing("still");
    let mut program = Request::of(&bridge, "/ws/input").open().await;
    program.bytes(&InputMessage::Input(key(29, true)).encode()).await;
    bridge.wait_for_events(1).await;
    drop(program);
    eventually("the key goes up", || bridge.events().last() == Some(&key_json(29, false))).await;
}

#[tokio::test]
async fn the_input_endpoint_says_why_it_closes() {
    let bridge = Bridge::showing("still");
    let mut program = Request::of(&bridge, "/ws/input").open().await;
    let key = InputMessage::Input(key(30, true)).encode();
    let mut said = 0;
    // The end may come while it still talks.
    while said < 100_000 && program.try_bytes(&key).await {
        said += 1;
    }
    assert_eq!(program.end().await.1, Some(CloseCode::Violation.code()));
    let mut program = Request::of(&bridge, "/ws/input").open().await;
    bridge.tell_to_end();
    assert_eq!(program.end().await.1, Some(CloseCode::Stopping.code()));
}
