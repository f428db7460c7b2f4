//! `lunette up`, as a person or a program starts it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use lunette_test_programs::Wanted;
use lunette_vm::{Arch, Qemu};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{FIRST_PICTURE, SOON, turn};

/// From nothing to desktops, on an emulated processor that others use too.
const UP: Duration = Duration::from_secs(400);

/// A `lunette up`, and its folder.
struct Up {
    programs: PathBuf,
    folder: tempfile::TempDir,
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Up {
    fn start(programs: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = lunette(&programs, folder.path(), &["up", "--json", "--no-open", "--accel", "tcg"]);
        command.args(["--desktops", "1", "--profile", "weston", "--listen", "127.0.0.1:0"]);
        let log = File::create(folder.path().join("up.log")).expect("a log");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("lunette starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { programs, folder, child, lines }
    }

    /// What it says when all is there; each step has a line.
    fn ready(&mut self) -> Value {
        for line in self.lines.by_ref().map_while(Result::ok) {
            let step: Value = serde_json::from_str(&line).expect("a line of JSON");
            println!("{} after {} s: {}", step["step"], step["at"], step["text"]);
            if step["step"] == "ready" {
                return step;
            }
        }
        panic!("it does not get ready: {}", self.log());
    }

    fn log(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["up.log", "control-plane.log", "frame-export.log"].map(read).join("\n")
    }

    /// What a command prints.
    fn says(&self, arguments: &[&str]) -> String {
        let ran = lunette(&self.programs, self.folder.path(), arguments).output().expect("lunette starts");
        let text = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{arguments:?}: {text}");
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    /// Processes that it started, and that those started, by their command lines.
    fn parts(&self) -> Vec<(i32, String)> {
        let processes = std::fs::read_dir("/proc").expect("processes").filter_map(Result::ok);
        let about = |entry: std::fs::DirEntry| {
            let pid: i32 = entry.file_name().to_string_lossy().parse().ok()?;
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            let parent: i32 = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            Some((pid, parent, String::from_utf8_lossy(&line).replace('\0', " ")))
        };
        let all: Vec<_> = processes.filter_map(about).collect();
        let mut family = vec![i32::try_from(self.child.id()).expect("a process")];
        for _ in 0..4 {
            let children = all.iter().filter(|(_, parent, _)| family.contains(parent)).map(|(pid, ..)| *pid);
            let children: Vec<i32> = children.collect();
            family = [family.clone(), children.into_iter().filter(|pid| !family.contains(pid)).collect()].concat();
        }
        let ours = all.into_iter().filter(|(pid, ..)| family.contains(pid) && *pid != family[0]);
        ours.map(|(pid, _, line)| (pid, line)).collect()
    }

    fn kill(&self, program: &str) {
        let parts = self.parts();
        let named = parts.iter().find(|(_, words)| words.split(' ').next().is_some_and(|path| path.ends_with(program)));
        let (pid, _) = named.unwrap_or_else(|| panic!("no {program}: {parts:?}"));
        let pid = rustix::process::Pid::from_raw(*pid).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it was alive");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // All of it ends with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lunette(programs: &Path, state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(programs.join("lunette"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LUNETTE_")) {
        command.env_remove(name);
    }
    // By the environment: what is behind a program's name is the program's.
    command.args(arguments).env("LUNETTE_STATE", state).env("LUNETTE_CONFIG", "/dev/null").stdin(Stdio::null());
    command
}

/// A small picture of a desktop, by the wall.
fn small_picture(api: &str, token: &str, id: &str) -> Vec<u8> {
    let host = api.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let watched = async {
        let stream = tokio::net::TcpStream::connect(&host).await.expect("it listens");
        let mut request = format!("ws://{host}/api/v1/wall").into_client_request().expect("a request");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        let (mut wall, _) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
        let watch = serde_json::json!({ "type": "watch", "ids": [id] }).to_string();
        wall.send(Message::text(watch)).await.expect("it is taken");
        loop {
            if let Message::Binary(bytes) = wall.next().await.expect("it goes on").expect("a message") {
                return bytes.to_vec();
            }
        }
    };
    runtime.block_on(async { tokio::time::timeout(FIRST_PICTURE, watched).await }).expect("a picture in time")
}

#[test]
fn one_command_shows_desktops_survives_deaths_and_leaves_nothing() {
    if let Err(error) = Arch::of_host().map_or(Ok(()), |arch| Qemu::find(arch).map(drop)) {
        println!("NOT RUN: desktop-tests up: {error}");
        return;
    }
    let _turn = turn();
    let programs = Wanted::PROGRAMS.build();
    let began = Instant::now();
    let mut up = Up::start(programs);
    let ready = up.ready();
    assert!(began.elapsed() < UP, "{:?}", began.elapsed());
    let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("no {name}: {ready}")).to_owned();
    assert!(text("url").contains("#login=") && text("url").starts_with("http://127.0.0.1:"), "{ready}");
    let first = &ready["desktops"][0];
    assert_eq!((&first["state"], &first["bridge"]), (&"running".into(), &"ready".into()), "{}", up.log());

    let picture = small_picture(&text("api"), &text("token"), "desktop-1");
    let jpeg = &picture[2 + "desktop-1".len() + 8..];
    assert_eq!((&picture[2..11], &jpeg[..2]), (&b"desktop-1"[..], &[0xff, 0xd8][..]));
    // Every hop, the stream through the bridge among them.
    assert!(up.says(&["status"]).contains("running"));
    assert!(up.says(&["exec", "desktop-1", "--", "uname"]).contains("Linux"));
    let hops: Value = serde_json::from_str(&up.says(&["doctor", "--json"])).expect("hops");
    let hop = |name: &str| hops.as_array().and_then(|hops| hops.iter().find(|hop| hop["name"] == name)).cloned();
    for name in ["drm-manager", "hydra", "test scanout", "host", "picture", "stream"] {
        assert_eq!(hop(name).map(|hop| hop["state"].clone()), Some("good".into()), "{name}: {hops}");
    }

    for part in ["control-plane", "frame-export"] {
        up.kill(part);
        let killed = Instant::now();
        let url = text("api");
        let address = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("an address");
        let pictured = || {
            let mut command = lunette(&up.programs, up.folder.path(), &["screenshot", "desktop-1", "-o", "/dev/null"]);
            TcpStream::connect(address).is_ok() && command.output().is_ok_and(|ran| ran.status.success())
        };
        while !pictured() {
            assert!(killed.elapsed() < SOON, "{part} does not come back: {}", up.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("{part} was killed, and a picture came after {:?}", killed.elapsed());
    }

    let again = up.says(&["up", "--json", "--no-open", "--desktops", "1", "--profile", "weston"]);
    assert!(again.lines().last().is_some_and(|line| line.contains("\"step\":\"ready\"")), "it joins: {again}");
    let parts = up.parts();
    assert!(parts.len() >= 4, "{parts:?}");
    assert_eq!(up.says(&["down"]), "ended\n");
    assert!(up.child.wait().expect("ended").success(), "{}", up.log());
    let left: Vec<_> = parts.iter().filter(|(pid, _)| Path::new(&format!("/proc/{pid}")).exists()).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(up.says(&["down"]), "nothing runs\n");
}
