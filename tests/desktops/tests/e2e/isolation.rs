//! What a desktop cannot do to anybody else.

use desktop_tests::{Attempt, Outcome};

use crate::support::{LIGHT, machine};

/// Things that a guest of ours has on all of its addresses for this test.
const GUEST_PORT: u16 = 7777;
/// Where the guest's hydra shows bridges, for connections that are forwarded from the host.
const BRIDGES_PORT: u16 = 9877;
/// What the neighbour listens on.
const NEIGHBOUR_PORT: u16 = 8888;

#[test]
fn everything_that_a_desktop_must_not_do_is_refused() {
    let Some(machine) = machine("isolation", &[LIGHT]) else { return };
    let guest = machine.lab.guest();
    let probe = "--mount /usr/local/bin/desktop-probe:/opt/desktop-probe:ro";
    let neighbour = machine.create("neighbour", LIGHT, probe);
    let desktop = machine.create("tried", LIGHT, probe);

    machine.wait_bridge(&neighbour);
    machine.wait_bridge(&desktop);
    // Somebody listens on each, so that silence means refusal.
    guest.run(&format!("desktop-probe listen {GUEST_PORT} >/dev/null 2>&1 &")).expect("a listener");
    machine.exec(&neighbour, &format!("/opt/desktop-probe listen {NEIGHBOUR_PORT} >/dev/null 2>&1 &"));

    let input = neighbour.inputs(&machine).into_iter().next().expect("the neighbour has input devices");
    let arguments = format!(
        "--export-port {} --metrics-port {} --neighbour {} --neighbour-port {NEIGHBOUR_PORT} --neighbour-scanout {} \
         --neighbour-pid {} \
         --bridges-port {BRIDGES_PORT} --host-bridges-port {} --neighbour-id {} \
         --guest-port {GUEST_PORT} --neighbour-input {input} --neighbour-card {}",
        machine.lab.exporter().address().port(),
        machine.lab.exporter().metrics().port(),
        neighbour.address,
        neighbour.scanout,
        neighbour.container_pid,
        machine.lab.bridges().expect("a way to bridges").port(),
        neighbour.id,
        neighbour.card(&machine),
    );
    for (who, sudo) in [("its user", ""), ("its root", "--root ")] {
        let text = guest
            .run(&format!("hydra exec {sudo}{} -- /opt/desktop-probe try {arguments}", desktop.id))
            .unwrap_or_else(|error| panic!("the probe as {who}: {error:#}"));
        let attempts: Vec<Attempt> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
            .collect();
        assert!(attempts.len() > 68, "only {} attempts", attempts.len());
        for attempt in &attempts {
            println!("as {who}: {}: {:?}", attempt.what, attempt.outcome);
        }
        let holes: Vec<&Attempt> =
            attempts.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Worked(_))).collect();
        assert!(holes.is_empty(), "as {who}: {holes:#?}");
        let untried: Vec<&Attempt> =
            attempts.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Untried(_))).collect();
        assert!(untried.is_empty(), "nobody knows whether that is refused: {untried:#?}");
    }
    // After all that, both are alive.
    machine.assert_running(&neighbour);
    machine.assert_running(&desktop);
}
