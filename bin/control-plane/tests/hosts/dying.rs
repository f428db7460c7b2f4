//! When hosts die.

use crate::host::Host;
use crate::plane::Plane;

#[test]
fn desktops_of_a_host_that_is_killed_are_lost_and_found_again_and_the_others_go_on() {
    let plane = Plane::start();
    let token = plane.token();
    let (mut a, mut b) = (Host::start(&plane, "a", &token, 15), Host::start(&plane, "b", &token, 15));
    for id in ["one", "two", "three", "four"] {
        plane.make(id);
    }
    let before = a.launchers();
    a.kill_hydra();
    let lost = plane.until_all("a", "lost");
    assert_eq!(lost, before.keys().cloned().collect::<Vec<_>>(), "not one is forgotten");
    assert_eq!(plane.until_all("b", "running").len(), 2);
    assert_eq!(plane.make("five"), "b", "nothing new goes to a host that is lost");
    let why = plane.refusal();
    assert!(why.contains("a is lost: ") && why.contains("b has the 3 desktops"), "{why}");

    a.begin(&plane);
    plane.until_all("a", "running");
    assert_eq!(a.launchers(), before, "the same, and not made again");

    // A whole host: what was wanted of it is made again when it is back.
    let before = b.launchers();
    b.kill();
    assert_eq!(plane.until_all("b", "lost").len(), 3);
    assert_eq!(plane.until_all("a", "running").len(), 2);
    b.begin(&plane);
    plane.until_all("b", "running");
    let after = b.launchers();
    assert!(after.keys().eq(before.keys()) && after.values().all(|pid| !before.values().any(|old| old == pid)));

    for id in before.keys().chain(a.launchers().keys()) {
        plane.delete(id).is(200);
    }
    assert_eq!(plane.get("/api/v1/desktops").is(200).json(), serde_json::json!([]));
    a.end();
    b.end();
    plane.end();
}
