//! A process in the guest that wants what is not its own.

use std::time::Duration;

use crate::support::{SMALL, flipping, machine, watch};

const LIMIT: Duration = Duration::from_secs(240);

#[test]
fn a_hostile_process_reaches_nothing_of_another() {
    let Some(machine) = machine("hostile") else { return };
    let lab = &machine.lab;
    let victim = lab.guest().flip(&flipping(SMALL, 30)).expect("a flipper");
    let own = lab.guest().flip(&flipping(SMALL, 1)).expect("a flipper");
    let refused = |lab: &lunette::lab::Lab| {
        let metrics = lab.exporter().get("/metrics").expect("metrics");
        let samples = metrics.lines().filter(|line| line.starts_with("frame_export_refused_total{"));
        samples.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum::<f64>()
    };
    let before = (refused(lab), lab.guest().manager_status().expect("drm-manager answers"));

    let seen = watch(lab, &victim, Duration::from_secs(20));
    let command = format!(
        "guest-probe hostile --socket /run/helix-drm/drm.sock --host 10.0.2.2:{} --victim {} --token {}",
        lab.exporter().address().port(),
        victim.scanout,
        own.token.to_hex(),
    );
    let finished = lab.guest().try_run(&command, LIMIT).expect("the attack ends");
    assert_eq!(finished.status, 0, "{}", finished.output);
    println!("{}", finished.output);

    let report = seen.fine();
    assert!(report.frames > 100, "the victim's stream had {} pictures", report.frames);
    let after = (refused(lab), lab.guest().manager_status().expect("drm-manager answers"));
    assert!(after.0 >= before.0 + 12.0, "refused before {}, after {}", before.0, after.0);
    let counted = |status: &serde_json::Value, name: &str| status["counters"][name].as_u64().unwrap_or(0);
    assert_eq!(counted(&after.1, "foreign_releases"), counted(&before.1, "foreign_releases") + 1);
    assert!(counted(&after.1, "bad_requests") > counted(&before.1, "bad_requests"));

    let outputs = after.1["outputs"].as_array().expect("a list of outputs");
    let victims = outputs.iter().find(|output| output["scanout"] == victim.scanout.get()).expect("the victim's");
    assert_eq!(victims["state"], "leased");

    // Somebody who may not even connect.
    let stranger = lab
        .guest()
        .try_run("su desktop -c 'drm-flipper --socket /run/helix-drm/drm.sock --seconds 1'", Duration::from_secs(30));
    let stranger = stranger.expect("it ends");
    assert_eq!(stranger.status, 2, "{}", stranger.output);
}
