//! Where new desktops go.

use crate::host::Host;
use crate::plane::Plane;

#[test]
fn desktops_are_spread_and_a_host_that_is_drained_or_full_gets_nothing_new() {
    let plane = Plane::start();
    let token = plane.token();
    let (a, b) = (Host::start(&plane, "a", &token, 15), Host::start(&plane, "b", &token, 15));
    let mut places = ["one", "two", "three", "four"].map(|id| plane.make(id));
    places.sort_unstable();
    assert_eq!(places, ["a", "a", "b", "b"]);
    assert_eq!((a.launchers().len(), b.launchers().len()), (2, 2));

    let drain = |draining: bool| {
        plane.post("/api/v1/hosts/a/drain", &serde_json::json!({ "draining": draining })).is(200);
    };
    drain(true);
    assert_eq!(plane.make("five"), "b");
    let why = plane.refusal();
    assert!(why.contains("a is drained") && why.contains("b has the 3 desktops that it may have"), "{why}");
    assert_eq!(plane.until_all("a", "running").len(), 2, "what it has goes on");

    drain(false);
    a.outputs.take(15);
    plane.until_host("a", "has no output free", |host| host["facts"]["scanouts"]["free"] == 0);
    let why = plane.refusal();
    assert!(why.contains("a has none of its 15 scanouts free"), "{why}");
    a.outputs.take(2);
    plane.until_host("a", "has outputs free", |host| host["facts"]["scanouts"]["free"] == 13);
    assert_eq!(plane.make("six"), "a");

    for id in ["one", "two", "three", "four", "five", "six"] {
        plane.delete(id).is(200);
    }
    assert_eq!(plane.get("/api/v1/desktops").is(200).json(), serde_json::json!([]));
    a.end();
    b.end();
    plane.end();
}
