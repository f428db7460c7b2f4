//! Whom a desktop can reach. Root only; the machine, its gateway and the world beyond are network namespaces.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::net::TcpListener;
use std::process::Command;

use common::{Up, alone};
use lunette_containers::NetworkPlan;

const NEEDS: &[&str] = &["runc"];

/// Whether a connection comes about.
async fn reaches(up: &Up, host: &str, port: u16) -> bool {
    up.shell(&format!("timeout 1 bash -c '> /dev/tcp/{host}/{port}' 2>/dev/null && echo yes")).await == "yes\n"
}

fn table() -> String {
    String::from_utf8(Command::new("nft").args(["list", "table", "inet", "lunette"]).output().unwrap().stdout).unwrap()
}

#[test]
fn a_desktop_reaches_the_world_and_none_of_its_neighbours() {
    alone("a_desktop_reaches_the_world_and_none_of_its_neighbours", NEEDS, async |machine| {
        let world = machine.world();
        let linked = |id, slot| {
            let mut plan = machine.plan(id, slot);
            plan.network = NetworkPlan::World { export: Some("192.0.2.1:15937".parse().unwrap()) };
            plan
        };
        let one = machine.up(linked("one", 3)).await;
        let two = machine.up(linked("two", 70)).await;
        let _machines = ["0.0.0.0:8080"].map(|at| TcpListener::bind(at).unwrap());
        assert!(reaches(&one, "198.51.100.7", 80).await, "the world");
        assert_eq!(world.last_guest(), "192.0.2.2", "by the machine's address");
        assert!(reaches(&one, "192.0.2.1", 15937).await, "frame-export");
        assert!(!reaches(&one, "192.0.2.1", 80).await, "the gateway itself");
        for address in ["10.213.0.13", "10.213.1.25", "192.0.2.2"] {
            assert!(!reaches(&one, address, 8080).await, "the machine, as {address}");
        }
        let listening = two.shell("bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' 2>&1; echo").await;
        assert!(listening.contains("refused"), "its own loopback works: {listening}");
        assert!(!reaches(&one, "10.213.1.26", 80).await, "another desktop");
        assert!(!reaches(&one, "169.254.169.254", 80).await, "the metadata of a cloud");
        two.down().await;
        one.down().await;
    });
}

#[test]
fn a_desktop_without_a_network_has_its_loopback_alone() {
    alone("a_desktop_without_a_network_has_its_loopback_alone", NEEDS, async |machine| {
        let _world = machine.world();
        let up = machine.up(machine.plan("cut", 4)).await;
        assert_eq!(up.shell("ls /sys/class/net").await, "lo\n");
        assert!(!reaches(&up, "198.51.100.7", 80).await);
        up.down().await;
    });
}

#[test]
fn a_desktop_takes_away_its_own_rules_and_no_others() {
    alone("a_desktop_takes_away_its_own_rules_and_no_others", NEEDS, async |machine| {
        let _world = machine.world();
        common::run("nft", &["add", "table", "inet", "theirs"]);
        let linked = |id, slot| {
            let mut plan = machine.plan(id, slot);
            plan.network = NetworkPlan::World { export: None };
            plan
        };
        let three = machine.up(linked("three", 3)).await;
        let thirty = machine.up(linked("thirty", 30)).await;
        three.down().await;
        let text = table();
        assert!(text.contains("\"lun30\" . 10.213.0.122") && !text.contains("\"lun3\" . "), "{text}");
        assert!(text.contains("192.0.2.0/24"), "{text}");
        thirty.down().await;
        assert!(!table().contains("10.213.0.122"));
        common::run("nft", &["list", "table", "inet", "theirs"]);
    });
}

#[test]
fn a_sweep_leaves_the_link_of_the_next_desktop_of_that_slot() {
    alone("a_sweep_leaves_the_link_of_the_next_desktop_of_that_slot", NEEDS, async |machine| {
        let _world = machine.world();
        let linked = |id| {
            let mut plan = machine.plan(id, 5);
            plan.network = NetworkPlan::World { export: None };
            plan
        };
        let mut old = machine.up(linked("old")).await;
        old.container().signal(9).await.unwrap();
        old.container().wait().await.unwrap();
        old.abandon();
        let new = machine.up(linked("new")).await;
        let swept = lunette_containers::sweep(&machine.hydra, &"old".parse().unwrap()).await.unwrap();
        assert!(!swept.link);
        assert!(reaches(&new, "198.51.100.7", 80).await);
        assert!(table().contains("\"lun5\" . 10.213.0.22"));
        new.down().await;
    });
}

#[test]
fn a_desktop_does_not_speak_with_another_address() {
    alone("a_desktop_does_not_speak_with_another_address", NEEDS, async |machine| {
        let _world = machine.world();
        let mut plan = machine.plan("liar", 6);
        plan.network = NetworkPlan::World { export: None };
        let up = machine.up(plan).await;
        assert!(reaches(&up, "198.51.100.7", 80).await);
        // From outside, because inside nobody may change an address.
        let namespace = up.container().network_namespace().unwrap();
        lunette_sys_mount::in_network_namespace(std::os::fd::AsFd::as_fd(&namespace), || {
            common::run("ip", &["address", "flush", "dev", "eth0"]);
            common::run("ip", &["address", "add", "10.213.0.26/28", "dev", "eth0"]);
            common::run("ip", &["address", "add", "10.213.0.23/28", "dev", "eth0"]);
            common::run("ip", &["route", "add", "default", "via", "10.213.0.25", "src", "10.213.0.23"]);
        })
        .unwrap();
        assert!(!reaches(&up, "198.51.100.7", 80).await);
        up.down().await;
    });
}
