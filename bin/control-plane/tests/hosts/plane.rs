//! The real control plane, and HTTP with it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{PATIENCE, Process, Says, eventually};

/// A running control plane.
pub(crate) struct Plane {
    pub(crate) address: SocketAddr,
    pub(crate) admin: String,
    process: Process,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Demands this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

impl Plane {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_control-plane"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LUNETTE_")) {
            command.env_remove(name);
        }
        command.arg("serve").arg("--state").arg(&state).args(["--listen", "127.0.0.1:0"]);
        let (process, line) = Process::start("control-plane", command, Says::Stdout, "ready url=");
        let address = line.trim_start_matches("ready url=http://").trim_end_matches('/').parse().unwrap();
        let admin = std::fs::read_to_string(state.join("admin.token")).unwrap().trim().to_owned();
        Self { address, admin, process, _folder: folder }
    }

    pub(crate) fn end(self) {
        self.process.end();
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        // The old version: no chunks, and the end of the answer is the end of the stream.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            self.admin,
            body.len()
        );
        stream.write_all([head, body].concat().as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        Answer { status, head, body: answer.split_off(end + 4) }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &Value::Null)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, body)
    }

    pub(crate) fn delete(&self, id: &str) -> Answer {
        self.ask("DELETE", &format!("/api/v1/desktops/{id}?wait=30"), &Value::Null)
    }

    /// A token by which a host dials in.
    pub(crate) fn token(&self) -> String {
        let made = self.post("/api/v1/tokens", &json!({ "name": "hosts", "scopes": ["operate"] })).is(201);
        made.json()["token"].as_str().unwrap().to_owned()
    }

    /// Asks for a desktop, wherever there is room.
    pub(crate) fn ask_for(&self, id: &str) -> Answer {
        self.post("/api/v1/desktops?wait=30", &json!({ "id": id, "profile": "weston" }))
    }

    /// Makes a desktop, and returns the host that it was given to.
    #[track_caller]
    pub(crate) fn make(&self, id: &str) -> String {
        let made = self.ask_for(id).is(201).json();
        assert_eq!(made["state"], "running", "{made}");
        made["host"].as_str().unwrap().to_owned()
    }

    /// Why there is no room for another desktop.
    #[track_caller]
    pub(crate) fn refusal(&self) -> String {
        self.ask_for("one-too-many").is(507).json()["detail"].as_str().unwrap().to_owned()
    }

    /// The states of desktops, by their ids, of this host.
    pub(crate) fn states(&self, host: &str) -> Vec<(String, String)> {
        let list = self.get("/api/v1/desktops").is(200).json();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let here = list.as_array().unwrap().iter().filter(|one| one["host"] == host);
        here.map(|one| (text(one, "id"), text(one, "state"))).collect()
    }

    /// Waits until all desktops of a host are in a state, and returns their ids.
    #[track_caller]
    pub(crate) fn until_all(&self, host: &str, state: &str) -> Vec<String> {
        eventually(&format!("desktops of {host} are {state}"), || {
            let states = self.states(host);
            let all = states.iter().all(|(_, is)| is == state);
            all.then(|| states.into_iter().map(|(id, _)| id).collect())
        })
    }

    /// Waits until a host is as wanted.
    #[track_caller]
    pub(crate) fn until_host(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) {
        eventually(&format!("{name} {what}"), || {
            let hosts = self.get("/api/v1/hosts").is(200).json();
            hosts.as_array().unwrap().iter().any(|host| host["name"] == name && wanted(host)).then_some(())
        });
    }
}
