//! Desktops through their bridges, from the host.

use crate::support::{FIRST_PICTURE, LIGHT, SOON, Viewer, machine};

#[test]
fn a_desktop_is_seen_and_typed_into_through_its_bridge() {
    let Some(machine) = machine("bridge", &[LIGHT]) else { return };
    let desktop = machine.create("seen", LIGHT, "");
    let way = machine.wait_bridge(&desktop);

    assert_eq!(way.ask("GET", "/screenshot", None, "").status, 401, "without a token");
    assert_eq!(way.ask("GET", "/screenshot", Some(&"x".repeat(43)), "").status, 401, "with a guessed one");

    let mut viewer = Viewer::open(&way);
    let empty = viewer.wait("its wallpaper", FIRST_PICTURE, |picture| {
        let there = picture.colour_at(picture.size.width / 20, picture.size.height / 3);
        there.iter().zip(desktop.colour).all(|(seen, painted)| seen.abs_diff(painted) < 24)
    });
    assert_eq!(empty.size.to_string(), "1280x720");
    machine.exec(
        &desktop,
        "nohup foot --fullscreen --override colors.background=ffffff --override colors.foreground=000000 \
         sh -c 'cat > /tmp/typed' >/dev/null 2>&1 &",
    );
    let terminal = viewer.wait("the terminal", FIRST_PICTURE, |picture| picture.differs_from(&empty) > 100_000);
    // Its first picture comes before its keyboard.
    machine.settle();
    viewer.type_text("lunette äß\n");
    viewer.wait("the typed words", SOON, |picture| picture.differs_from(&terminal) > 50);
    let typed = || machine.exec(&desktop, "cat /tmp/typed");
    machine.eventually("the typed words arrive in the terminal", SOON, || typed().trim() == "lunette äß");

    let shot = way.ask("GET", "/screenshot?format=png", Some(&way.token), "");
    assert_eq!((shot.status, &shot.body[1..4]), (200, &b"PNG"[..]));
}

#[test]
fn a_hostile_desktop_spoils_its_own_bridge_and_no_other() {
    let Some(machine) = machine("hostile-bridge", &["weston"]) else { return };
    let good = machine.create("good", "weston", "");
    let bad = machine.create("bad", "weston", "");
    let (good_way, bad_way) = (machine.wait_bridge(&good), machine.wait_bridge(&bad));
    assert_ne!(good_way.token, bad_way.token);
    assert_eq!(good_way.ask("GET", "/screenshot", Some(&bad_way.token), "").status, 401, "with another's token");

    // A link to what only the machine reaches, in place of the socket.
    machine.exec(&bad, "cd /run/lunette/bridge && rm -f http.sock && ln -s /run/hydra/hydra.sock http.sock");
    assert_eq!(bad_way.ask("GET", "/api/v1/dev-containers", Some(&bad_way.token), "").status, 502);
    assert!(good_way.is_open());
    // Everything that its folder takes, and its bridge killed: it is brought in again, and the desktop goes on.
    machine.exec(&bad, "head -c 9000000 /dev/zero > /run/lunette/bridge/fill; true");
    machine.exec(&bad, "rm -f /run/lunette/bridge/*; pkill -KILL -x desktop-bridge");
    machine.eventually("its bridge is back", FIRST_PICTURE, || bad_way.is_open());
    let after = machine.bridge(&bad);
    assert!(after["restarts"].as_u64() >= Some(1), "{after}");
    machine.assert_running(&bad);
    machine.assert_running(&good);
    assert!(good_way.is_open());
    assert_eq!(machine.bridge(&good)["restarts"], 0);
}
