//! A hydra that dials in, and a control plane that knows one token.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lunette_relay::{Admission, Gate, Head, Limits, Owner, Refusal, RunnerId, Tunnels};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::fixture::{Hydra, PATIENCE, World};

const TOKEN: &str = "b3BlcmF0ZSBvcGVyYXRlIG9wZXJhdGUgb3BlcmF0ZTE";

/// Lets in whoever has the token, as any runner.
struct Keeper;

impl Gate for Keeper {
    fn admit<'a>(&'a self, head: &'a Head, _: Option<&'a RunnerId>) -> Admission<'a> {
        let shown = head.headers.get("authorization").and_then(|value| value.to_str().ok());
        let known = shown == Some(&format!("Bearer {TOKEN}"));
        let admitted = if known { Ok(Owner("operator".to_owned())) } else { Err(Refusal::Unknown) };
        Box::pin(std::future::ready(admitted))
    }
}

/// The control plane's side.
struct Plane {
    runtime: Runtime,
    tunnels: Tunnels,
    address: SocketAddr,
}

impl Plane {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (tunnels, address) = runtime.block_on(async {
            let tunnels = Tunnels::new(Limits::default());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (address, router) = (listener.local_addr().unwrap(), tunnels.router(Arc::new(Keeper)));
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            (tunnels, address)
        });
        Self { runtime, tunnels, address }
    }

    fn dial_in(&self, world: &World, token: &str) -> Hydra {
        let file = world.folder.path().join("dial.token");
        fs::write(&file, format!("{token}\n")).unwrap();
        let url = format!("http://{}", self.address);
        world.start(&["--dial", &url, "--dial-name", "far", "--dial-token-file", file.to_str().unwrap()])
    }

    /// What is answered by whoever is dialled.
    fn ask(&self, path: &str, limit: Duration) -> Option<String> {
        self.runtime.block_on(async {
            let runner = "hydra-far".parse().unwrap();
            timeout(limit, self.until_here(&runner)).await.ok()?;
            let mut tunnel = self.tunnels.dial(&runner, limit).await.ok()?;
            let request = format!("GET {path} HTTP/1.0\r\nHost: hydra\r\n\r\n");
            tunnel.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            timeout(limit, tunnel.read_to_string(&mut answer)).await.expect("in time").unwrap();
            Some(answer)
        })
    }

    async fn until_here(&self, runner: &RunnerId) {
        let mut runners = self.tunnels.watch();
        let is_here = |list: &[(RunnerId, bool)]| list.iter().any(|(known, up)| known == runner && *up);
        runners.wait_for(|list| is_here(list)).await.unwrap();
    }
}

#[test]
fn a_control_plane_asks_a_hydra_that_dialled_in_without_a_way_to_it() {
    let (plane, world) = (Plane::start(), World::new());
    let hydra = plane.dial_in(&world, TOKEN);
    let answer = plane.ask("/api/v1/dev-containers", PATIENCE).expect("it dials in");
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("[]"), "{answer}");
    // One that is started anew is there again.
    hydra.kill();
    let hydra = plane.dial_in(&world, TOKEN);
    assert!(plane.ask("/health", PATIENCE).expect("it dials in again").starts_with("HTTP/1.0 200"));
    assert!(hydra.terminate(), "it ends well");
}

#[test]
fn a_hydra_that_is_not_let_in_serves_its_machine_all_the_same() {
    let (plane, world) = (Plane::start(), World::new());
    let hydra = plane.dial_in(&world, "d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3I");
    assert_eq!(plane.ask("/health", Duration::from_millis(500)), None);
    hydra.http.get("/health").is(200);
    assert!(hydra.terminate());
}

#[test]
fn a_name_a_token_or_a_way_of_no_use_is_told_at_the_start() {
    let world = World::new();
    let token = world.folder.path().join("token");
    fs::write(&token, TOKEN).unwrap();
    let token = token.to_str().unwrap();
    for (url, name, file, words) in [
        ("http://127.0.0.1:1", "a b", token, "names no host"),
        ("http://127.0.0.1:1", "far_1", token, "names no host"),
        ("http://127.0.0.1:1", "far", "/nowhere/token", "/nowhere/token"),
        ("http://plane.example:8600", "far", token, "in clear to http://plane.example:8600"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hydra"));
        command.arg("serve").arg("--socket").arg(world.socket()).arg("--dir").arg(world.dir());
        command.args(["--disks", "", "--dial", url, "--dial-name", name, "--dial-token-file", file]);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{url} {name} {file}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(words), "{said}");
    }
}
