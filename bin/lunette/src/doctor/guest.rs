//! Hops inside of the machine: the daemons that nothing goes without, and a test picture on an output of its own.
//!
//! A program that runs need not work, so each is asked itself besides. What the guest's system says comes first, as it
//! also tells of programs that are started over and over.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use lunette_vm::{Finished, RunPaths, Shell};
use serde_json::Value;

use super::{Health, Hop};
use crate::lab::SPARE_SHELL;

/// For one command, on an emulated processor that others use too.
const LIMIT: Duration = Duration::from_secs(40);
/// The test picture: small, on a lease of its own, for one second.
const FLIPS: &str = "timeout 30 drm-flipper --size 640x480 --fps 5 --seconds 1";
/// What drm-flipper ends with when nobody leased it an output.
const NO_LEASE: i32 = 2;

/// A daemon of ours in the guest.
struct Daemon {
    /// Of its unit, and of the hop.
    name: &'static str,
    /// What asks it itself.
    question: &'static str,
    /// What nobody has without it.
    lost: &'static str,
}

const DAEMONS: [Daemon; 2] = [
    Daemon { name: "drm-manager", question: "timeout 10 drm-manager --status", lost: "no desktop gets an output" },
    Daemon { name: "hydra", question: "timeout 10 hydra list", lost: "desktops are neither made, ended nor reached" },
];

/// The guest of the machine of this name.
pub(super) fn hops(machine: &str) -> Vec<Hop> {
    let port = || -> Result<PathBuf> {
        Ok(RunPaths::named(&machine.parse()?).port(&format!("lunette.shell.{SPARE_SHELL}").parse()?))
    };
    match port() {
        Ok(port) => behind(&port, machine),
        Err(error) => vec![unreached(&error)],
    }
}

/// The guest whose shell is behind this port.
fn behind(port: &Path, machine: &str) -> Vec<Hop> {
    match Shell::open(port).context("the machine's shell is not reached") {
        Ok(mut shell) => look(machine, &mut |command| Ok(shell.run(command, LIMIT)?)),
        Err(error) => vec![unreached(&error)],
    }
}

fn unreached(error: &anyhow::Error) -> Hop {
    let remedy = "is QEMU there (`ps`)? `lunette down` and `lunette up` start the machine anew";
    Hop::bad("guest", format!("{error:#}"), remedy)
}

/// Runs a command in the guest.
type Run<'a> = &'a mut dyn FnMut(&str) -> Result<Finished>;

fn look(machine: &str, run: Run<'_>) -> Vec<Hop> {
    let mut hops = Vec::new();
    for daemon in &DAEMONS {
        match look_at(daemon, machine, run) {
            Ok(hop) => hops.push(hop),
            // A shell that was given up answers nothing more.
            Err(error) => {
                hops.push(unreached(&error));
                return hops;
            }
        }
    }
    if !hops.iter().any(|hop| hop.state == Health::Bad) {
        hops.push(picture(run).unwrap_or_else(|error| unreached(&error)));
    }
    hops
}

fn look_at(daemon: &Daemon, machine: &str, run: Run<'_>) -> Result<Hop> {
    let said = run(&format!("systemctl show -p ActiveState,SubState,Result,NRestarts {}", daemon.name))?;
    let unit = Unit::parse(&said.output);
    if unit.active != "active" {
        return Ok(Hop::bad(daemon.name, format!("{}: {}", unit.told(), daemon.lost), &remedy(daemon, machine)));
    }
    let answer = run(daemon.question)?;
    Ok(match answer.status {
        0 => good(daemon, &unit, &answer.output),
        status => {
            let why = why(status, &answer.output);
            let seen = format!("{}, but does not answer ({why}): {}", unit.told(), daemon.lost);
            Hop::bad(daemon.name, seen, &remedy(daemon, machine))
        }
    })
}

fn good(daemon: &Daemon, unit: &Unit, answer: &str) -> Hop {
    let status: Value = serde_json::from_str(answer).unwrap_or_default();
    let host = &status["host"];
    if daemon.name == "drm-manager" && host["connected"] == false {
        let why = host["lost"].as_str().unwrap_or("it does not say why");
        let seen = format!("it runs, but frame-export at {} is not reached: {why}", host["address"]);
        return Hop::bad(daemon.name, seen, "frame-export.log beside the store says whether it runs");
    }
    match unit.restarts {
        0 => Hop::good(daemon.name, "runs and answers"),
        times => {
            let seen = format!("runs and answers; new starts so far: {times}");
            Hop::odd(daemon.name, seen, &format!("`journalctl -b -u {}` in the guest says why it ended", daemon.name))
        }
    }
}

fn why(status: i32, output: &str) -> String {
    match status {
        // What timeout(1) ends with.
        124 | 137 => "no answer in 10 s".to_owned(),
        status => output.lines().last().map_or_else(|| format!("status {status}"), str::to_owned),
    }
}

fn remedy(daemon: &Daemon, machine: &str) -> String {
    let shell = format!("lunette vm shell --name {machine} --number {SPARE_SHELL}");
    let unit = daemon.name;
    format!("`{shell} 'journalctl -b -n 50 -u {unit}'` says why; `{shell} 'systemctl restart {unit}'` starts it anew")
}

/// By drm-manager, frame-export, QEMU's display bus and the guest's kernel.
fn picture(run: Run<'_>) -> Result<Hop> {
    let name = "test scanout";
    let flips = run(FLIPS)?;
    let last =
        flips.output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim().to_owned();
    let ready = flips.output.lines().find_map(|line| line.trim().strip_prefix("ready "));
    Ok(match (flips.status, ready) {
        (0, Some(ready)) => Hop::good(name, format!("leased and flipped: {ready}")),
        (NO_LEASE, _) => Hop::bad(
            name,
            format!("no output is leased: {last}"),
            "are all outputs taken (`drm-manager --status` in the guest)? Does frame-export run (frame-export.log)?",
        ),
        _ => Hop::bad(name, format!("leased, but no picture: {last}"), "frame-export.log beside the store says more"),
    })
}

/// What systemd says of a unit.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unit {
    active: String,
    sub: String,
    result: String,
    restarts: u32,
}

impl Unit {
    fn parse(text: &str) -> Self {
        let said: HashMap<&str, &str> = text.lines().filter_map(|line| line.trim().split_once('=')).collect();
        let word = |name| said.get(name).copied().unwrap_or_default().to_owned();
        let restarts = said.get("NRestarts").and_then(|times| times.parse().ok()).unwrap_or(0);
        Self { active: word("ActiveState"), sub: word("SubState"), result: word("Result"), restarts }
    }

    fn told(&self) -> String {
        if self.active.is_empty() {
            return "the guest's system knows nothing of it".to_owned();
        }
        let mut text = format!("is {} ({})", self.active, self.sub);
        if !matches!(self.result.as_str(), "" | "success") {
            text = format!("{text}, as its last result was {}", self.result);
        }
        if self.restarts > 0 {
            text = format!("{text}, started anew {} times", self.restarts);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::process::{Command, Stdio};
    use std::thread;

    use super::*;

    const RUNS: &str = "echo ActiveState=active; echo SubState=running; echo Result=success; echo NRestarts=0";
    const CONNECTED: &str = r#"echo '{"host": {"address": "10.0.2.2:1", "connected": true, "lost": null}}'"#;
    const FLIPPED: &str = "echo 'ready scanout=1 connector=Virtual-2'; echo '5 flips'";

    /// A guest whose programs are these scripts.
    struct Guest {
        folder: tempfile::TempDir,
    }

    impl Guest {
        fn healthy() -> Self {
            let guest = Self { folder: tempfile::tempdir().unwrap() };
            guest
                .with("systemctl", RUNS)
                .with("drm-manager", CONNECTED)
                .with("hydra", "echo none")
                .with("drm-flipper", FLIPPED)
        }

        fn with(self, program: &str, script: &str) -> Self {
            let path = self.folder.path().join(program);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            self
        }

        /// What systemd says of one unit; of others, that they run.
        fn unit(self, unit: &str, says: &str) -> Self {
            let says = says.replace(' ', "; echo ");
            self.with("systemctl", &format!("case \"$*\" in *{unit}) echo {says};; *) {RUNS};; esac"))
        }

        fn hops(&self) -> Vec<Hop> {
            let port = self.folder.path().join("port");
            let listener = UnixListener::bind(&port).unwrap();
            let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
            let shell = thread::spawn(move || {
                let stream: OwnedFd = listener.accept().unwrap().0.into();
                let out = Stdio::from(stream.try_clone().unwrap());
                // It ends when the port is closed.
                Command::new("sh").env("PATH", path).stdin(stream).stdout(out).stderr(Stdio::null()).status().unwrap()
            });
            let hops = behind(&port, "up-x");
            shell.join().unwrap();
            hops
        }

        fn bad(&self) -> Vec<(&'static str, String, String)> {
            let bad = self.hops().into_iter().filter(|hop| hop.state == Health::Bad);
            bad.map(|hop| (hop.name, hop.seen, hop.remedy.unwrap_or_default())).collect()
        }
    }

    #[test]
    fn a_healthy_guest_is_good_at_every_hop_down_to_a_flipped_picture() {
        let hops = Guest::healthy().hops();
        let names: Vec<&str> = hops.iter().filter(|hop| hop.state == Health::Good).map(|hop| hop.name).collect();
        assert_eq!(names, ["drm-manager", "hydra", "test scanout"], "{hops:?}");
        assert!(hops[2].seen.contains("scanout=1"), "{hops:?}");
    }

    #[test]
    fn a_daemon_that_was_stopped_is_named_with_what_it_costs_and_what_to_do() {
        for unit in ["drm-manager", "hydra"] {
            let says = "ActiveState=inactive SubState=dead Result=success NRestarts=0";
            let bad = Guest::healthy().unit(unit, says).bad();
            let [(name, seen, remedy)] = bad.as_slice() else { panic!("{bad:?}") };
            assert_eq!(*name, unit);
            assert!(seen.contains("is inactive (dead)") && seen.contains("desktop"), "{seen}");
            assert!(remedy.contains(&format!("systemctl restart {unit}")) && remedy.contains("up-x"), "{remedy}");
        }
    }

    #[test]
    fn a_daemon_that_dies_again_and_again_is_told_with_its_deaths() {
        let says = "ActiveState=activating SubState=auto-restart Result=signal NRestarts=17";
        let bad = Guest::healthy().unit("drm-manager", says).bad();
        assert!(bad[0].1.contains("last result was signal, started anew 17 times"), "{bad:?}");
    }

    #[test]
    fn a_daemon_that_came_back_is_odd() {
        let hops = Guest::healthy().unit("hydra", "ActiveState=active SubState=running NRestarts=3").hops();
        let hydra = hops.iter().find(|hop| hop.name == "hydra").unwrap();
        assert_eq!(hydra.state, Health::Odd, "{hydra:?}");
        assert!(hops.iter().any(|hop| hop.name == "test scanout"), "it is looked further: {hops:?}");
        assert!(hydra.seen.contains("new starts so far: 3"), "{hydra:?}");
    }

    #[test]
    fn a_daemon_that_runs_and_does_not_answer_is_bad() {
        let bad = Guest::healthy().with("hydra", "echo cannot connect >&2; exit 1").bad();
        assert_eq!(bad.len(), 1, "{bad:?}");
        assert!(bad[0].1.contains("does not answer (cannot connect)"), "{bad:?}");
        let bad = Guest::healthy().with("drm-manager", "exit 124").bad();
        assert!(bad[0].1.contains("no answer in 10 s"), "{bad:?}");
    }

    #[test]
    fn a_manager_without_its_host_is_bad() {
        let lost = r#"echo '{"host": {"address": "10.0.2.2:1", "connected": false, "lost": "Connection refused"}}'"#;
        let bad = Guest::healthy().with("drm-manager", lost).bad();
        assert!(bad[0].1.contains("frame-export") && bad[0].1.contains("Connection refused"), "{bad:?}");
    }

    #[test]
    fn a_lease_without_a_picture_is_told_apart_from_no_lease() {
        let bad = Guest::healthy().with("drm-flipper", "echo every output is taken >&2; exit 2").bad();
        assert!(bad[0].1.contains("no output is leased: every output is taken"), "{bad:?}");
        let bad = Guest::healthy().with("drm-flipper", "echo no mode >&2; exit 1").bad();
        assert!(bad[0].1.contains("no picture: no mode"), "{bad:?}");
    }

    #[test]
    fn a_machine_that_is_gone_is_bad() {
        let hops = behind(Path::new("/nowhere/port"), "up-x");
        assert_eq!((hops.len(), hops[0].name, hops[0].state), (1, "guest", Health::Bad));
    }
}
