//! Hops of what runs: from the control plane down to a picture, and up to a viewer.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Hop, guest};
use crate::api::{Api, path_part};
use crate::desktops;
use crate::up::Known;

/// What runs; one that was killed is told as such, and not hop by hop.
pub(super) fn hops(known: &Known) -> Vec<Hop> {
    if !known.lives() {
        let seen = format!("`lunette up`, process {}, ended without a word", known.pid);
        return vec![Hop::bad("lunette up", seen, "`lunette up` starts it anew, with the same desktops")];
    }
    if known.url.is_empty() {
        return vec![Hop::odd("control plane", format!("process {} is starting it", known.pid), "wait for it")];
    }
    let (plane, asked) = plane(known);
    let mut hops = vec![plane];
    hops.extend(guest::hops(&known.machine));
    hops.extend(asked.map(beyond).into_iter().flatten());
    hops
}

/// What a control plane that answers says of the rest.
struct Asked {
    api: Api,
    hosts: Value,
    desktops: Value,
}

fn plane(known: &Known) -> (Hop, Option<Asked>) {
    let name = "control plane";
    let ask = || -> Result<Asked> {
        let api = Api::of(&known.url, &known.folder)?;
        let (hosts, desktops) = (api.get("/api/v1/hosts")?, api.get("/api/v1/desktops")?);
        Ok(Asked { api, hosts, desktops })
    };
    match ask() {
        Ok(asked) => (Hop::good(name, format!("{} answers", known.url)), Some(asked)),
        Err(error) => {
            let log = known.folder.join("control-plane.log");
            (Hop::bad(name, format!("{}: {error:#}", known.url), &format!("see {}", log.display())), None)
        }
    }
}

fn beyond(Asked { api, hosts, desktops }: Asked) -> Vec<Hop> {
    let mut hops: Vec<Hop> = rows(&hosts).map(host).chain(rows(&desktops).map(desktop)).collect();
    let running = rows(&desktops).find(|one| one["state"] == "running").and_then(|one| one["id"].as_str());
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::super::Health;
    use super::*;

    /// A control plane that knows one host and one desktop, for two questions.
    fn known(hosts: &'static str, desktops: &'static str) -> (tempfile::TempDir, Known) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("admin.token"), "token").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            for body in [hosts, desktops] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                assert!(lines.by_ref().any(|line| line.is_empty()), "a head ends");
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            }
        });
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let machine = "no-such-machine".to_owned();
        let known = Known { pid, url, folder: folder.path().to_owned(), machine };
        (folder, known)
    }

    fn find<'a>(hops: &'a [Hop], name: &str) -> &'a Hop {
        hops.iter().find(|hop| hop.name == name).unwrap_or_else(|| panic!("no {name} in {hops:?}"))
    }

    #[test]
    fn a_host_without_its_hydra_and_the_desktops_lost_by_it_are_bad() {
        let (_folder, known) = known(
            r#"[{"name": "local", "state": "lost", "why": "connection refused"}]"#,
            r#"[{"id": "desktop-1", "state": "lost", "bridge": "unknown", "why": "its host is lost"}]"#,
        );
        let hops = hops(&known);
        assert_eq!(find(&hops, "control plane").state, Health::Good);
        let host = find(&hops, "host");
        assert_eq!((host.state, host.seen.as_str()), (Health::Bad, "local is lost: connection refused"));
        assert_eq!(find(&hops, "desktop").state, Health::Bad);
        assert_eq!(find(&hops, "guest").state, Health::Bad, "this machine is none");
    }

    #[test]
    fn a_host_that_is_here_is_good_and_its_room_is_told() {
        let (_folder, known) =
            known(r#"[{"name": "local", "state": "here", "facts": {"memory_available_mib": 900}}]"#, "[]");
        let hops = hops(&known);
        assert_eq!(find(&hops, "host").seen, "local is here, 900 MiB free");
        assert_eq!(find(&hops, "picture, stream").state, Health::Odd);
    }

    #[test]
    fn a_control_plane_that_is_gone_is_told_once_and_the_guest_is_looked_at_all_the_same() {
        let (_folder, mut known) = known("[]", "[]");
        "http://127.0.0.1:1/".clone_into(&mut known.url);
        let hops = hops(&known);
        assert_eq!(find(&hops, "control plane").state, Health::Bad);
        assert_eq!(hops.len(), 2, "{hops:?}");
    }

    #[test]
    fn one_that_was_killed_is_told_as_such() {
        let (_folder, mut known) = known("[]", "[]");
        // More than any process has.
        known.pid = i32::MAX;
        let hops = hops(&known);
        assert_eq!((hops.len(), hops[0].name, hops[0].state), (1, "lunette up", Health::Bad));
    }
}
