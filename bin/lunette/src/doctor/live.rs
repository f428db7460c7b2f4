//! Hops of what runs: from the control plane down to a picture, and up to a viewer.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lunette_vm::{RunPaths, Shell};
use serde_json::Value;

use super::Hop;
use crate::api::{Api, path_part};
use crate::desktops;
use crate::lab::SPARE_SHELL;
use crate::up::Known;

const GUEST: Duration = Duration::from_secs(30);
/// Programs of the guest that nothing goes without.
const DAEMONS: [&str; 2] = ["drm-manager", "hydra"];

pub(super) fn hops(known: &Known) -> Vec<Hop> {
    if known.url.is_empty() {
        return vec![Hop::odd("control plane", format!("process {} is starting it", known.pid), "wait for it")];
    }
    let log = known.folder.join("control-plane.log").display().to_string();
    let asked = Api::of(&known.url, &known.folder).and_then(|api| {
        let said = (api.get("/api/v1/hosts")?, api.get("/api/v1/desktops")?);
        Ok((api, said))
    });
    let (api, (hosts, list)) = match asked {
        Ok(asked) => asked,
        Err(error) => {
            let hop = Hop::bad("control plane", format!("{}: {error:#}", known.url), &format!("see {log}"));
            return vec![hop, guest(known)];
        }
    };
    let mut hops = vec![Hop::good("control plane", format!("{} answers", known.url)), guest(known)];
    hops.extend(rows(&hosts).map(host));
    hops.extend(rows(&list).map(desktop));
    let running = rows(&list).find(|one| one["state"] == "running").and_then(|one| one["id"].as_str());
    match running {
        Some(id) => hops.extend([picture(&api, id), stream(&api, id)]),
        None => hops.push(Hop::odd("picture, stream", "no desktop runs to look at", "`lunette create light`")),
    }
    hops
}

fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// What the machine's own system says of our programs in it.
fn guest(known: &Known) -> Hop {
    let name = "guest daemons";
    let asked = || -> Result<Vec<(String, String)>> {
        let paths = RunPaths::named(&known.machine.parse()?);
        let port = format!("lunette.shell.{SPARE_SHELL}").parse()?;
        let mut shell = Shell::open(&paths.port(&port)).context("the machine's shell is not reached")?;
        let said = shell.run(&format!("systemctl is-active {}", DAEMONS.join(" ")), GUEST)?;
        let states = said.output.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        Ok(DAEMONS.iter().map(|name| (*name).to_owned()).zip(states).collect())
    };
    match asked() {
        Ok(states) if states.len() == DAEMONS.len() && states.iter().all(|(_, state)| state == "active") => {
            Hop::good(name, format!("{} run", DAEMONS.join(" and ")))
        }
        Ok(states) => {
            let said: Vec<String> = states.iter().map(|(name, state)| format!("{name} is {state}")).collect();
            let shell =
                format!("`lunette vm shell --name {} --number {SPARE_SHELL} 'journalctl -b -n 50'`", known.machine);
            Hop::bad(name, said.join(", "), &format!("{shell} says why"))
        }
        Err(error) => Hop::bad(name, format!("{error:#}"), "`lunette down` and `lunette up` start the machine anew"),
    }
}

fn host(host: &Value) -> Hop {
    let seen = format!("{} is {}", text(host, "name"), text(host, "state"));
    match text(host, "state") {
        "here" => Hop::good("host", format!("{seen}, {} MiB free", host["facts"]["memory_available_mib"])),
        _ => Hop::bad("host", format!("{seen}: {}", text(host, "why")), "is its machine up, and hydra in it?"),
    }
}

fn desktop(one: &Value) -> Hop {
    let id = text(one, "id");
    let seen = format!("{id} is {}, its bridge {}", text(one, "state"), text(one, "bridge"));
    match (text(one, "state"), text(one, "bridge")) {
        ("running", "ready") => Hop::good("desktop", seen),
        ("running" | "starting" | "stopped" | "pending" | "stopping", _) => {
            Hop::odd("desktop", seen, &format!("`lunette logs {id}` says more"))
        }
        _ => {
            let seen = format!("{seen}: {}", text(one, "why"));
            Hop::bad("desktop", seen, &format!("`lunette logs --launcher {id}` says more"))
        }
    }
}

/// By display bus, frame-export, encoder and decoder.
fn picture(api: &Api, id: &str) -> Hop {
    let path = format!("/api/v1/desktops/{}/screenshot?format=jpeg&scale=0.25", path_part(id));
    match api.bytes("GET", &path, None, Duration::from_secs(30)) {
        Ok(file) => Hop::good("picture", format!("{id}: captured, encoded, decoded, {} bytes of JPEG", file.len())),
        Err(error) => Hop::bad("picture", format!("{id}: {error:#}"), "frame-export.log beside the store says more"),
    }
}

/// By gateway, hydra and bridge.
fn stream(api: &Api, id: &str) -> Hop {
    match desktops::first_picture(api, id) {
        Ok(first) => Hop::good("stream", format!("{id}: a first picture over the WebSocket after {first:.2?}")),
        Err(error) => {
            Hop::bad("stream", format!("{id}: {error:#}"), &format!("`lunette logs --bridge {id}` says more"))
        }
    }
}

/// Whether pictures can be encoded on this machine: the first encoder that works is proved by test pictures.
pub(super) fn encoder() -> Result<String> {
    let auto = lunette_encode::auto();
    let name = auto.candidate()?.name;
    ensure!(!name.is_empty(), "an encoder without a name");
    Ok(format!("{name} encodes test pictures; passed over: {}", auto.passed_over.len()))
}
