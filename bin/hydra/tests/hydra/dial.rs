//! A hydra that dials in, and a control plane that knows one token.

use std::fs;
use std::time::Duration;

use lunette_test_plane::TOKEN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::fixture::{Hydra, PATIENCE, World};

/// The control plane's side.
struct Plane(lunette_test_plane::Plane);

impl Plane {
    fn start() -> Self {
        Self(lunette_test_plane::Plane::start())
    }

    fn dial_in(&self, world: &World, token: &str) -> Hydra {
        let file = world.folder.path().join("dial.token");
        fs::write(&file, format!("{token}\n")).unwrap();
        let url = format!("http://{}", self.0.address);
        world.start(&["--dial", &url, "--dial-name", "far", "--dial-token-file", file.to_str().unwrap()])
    }

    /// What is answered by whoever is dialled.
    fn ask(&self, path: &str, limit: Duration) -> Option<String> {
        self.0.runtime.block_on(async {
            let runner = "hydra-far".parse().unwrap();
            timeout(limit, self.0.until_here(&runner)).await.ok()?;
            let mut tunnel = self.0.tunnels.dial(&runner, limit).await.ok()?;
            let request = format!("GET {path} HTTP/1.0\r\nHost: hydra\r\n\r\n");
            tunnel.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            timeout(limit, tunnel.read_to_string(&mut answer)).await.expect("in time").unwrap();
            Some(answer)
        })
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
