//! Every output comes and goes.

use std::time::Duration;

use crate::support::machine;

/// Longer than any run of the rounds takes on two cores without virtualisation.
const LIMIT: Duration = Duration::from_secs(240);

#[test]
fn all_outputs_come_and_go_twenty_times() {
    let Some(machine) = machine("outputs") else { return };
    let command = "guest-probe rounds --socket /run/helix-drm/drm.sock --count 16 --rounds 20 --size 640x480";
    let finished = machine.lab.guest().try_run(command, LIMIT).expect("the rounds end");
    assert_eq!(finished.status, 0, "{}", finished.output);
    println!("{}", finished.output);

    // What the host refuses, here by its height, costs no output, however often.
    for _ in 0..40 {
        let refused = machine.lab.guest().try_run("drm-flipper --size 5120x2882 --seconds 1", LIMIT).expect("it ends");
        assert_eq!(refused.status, 2, "{}", refused.output);
    }
    let status = machine.lab.guest().manager_status().expect("drm-manager answers");
    let outputs = status["outputs"].as_array().expect("a list of outputs");
    assert!(outputs.iter().all(|output| output["state"] != "quarantined"), "{outputs:?}");
}
