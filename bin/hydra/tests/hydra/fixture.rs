//! A running hydra, and HTTP with it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use lunette_test_programs::Wanted;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const PROFILE: &str =
    "summary = 'for tests'\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n[limits]\nmemory_mib = 64\n";

/// Where hydra lives, before, between and after its lives.
pub(crate) struct World {
    pub(crate) folder: TempDir,
}

impl World {
    /// With the profiles `weston` and `gnome`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["weston", "gnome"] {
            let share = folder.path().join("profiles").join(name).join("usr/share/lunette");
            fs::create_dir_all(&share).unwrap();
            fs::write(share.join("profile.toml"), format!("name = '{name}'\n{PROFILE}")).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("hydra.sock")
    }

    pub(crate) fn desktop(&self, id: &str) -> PathBuf {
        self.dir().join("desktops").join(id)
    }

    /// Starts hydra and waits until it is ready.
    pub(crate) fn start(&self, args: &[&str]) -> Hydra {
        self.start_with(args, &[])
    }

    /// The same, with variables that are not those of the test.
    pub(crate) fn start_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Hydra {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydra"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HYDRA_")) {
            command.env_remove(name);
        }
        command.arg("serve").arg("--socket").arg(self.socket()).arg("--dir").arg(self.dir());
        command.arg("--profiles").arg(self.folder.path().join("profiles")).arg("--launcher").arg(fake_launcher());
        command.args(["--disks", "", "--backend", "runc", "--log", "debug"]).args(args);
        command.envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map_while(Result::ok).find(|line| line.contains("ready"));
        assert!(ready.is_some(), "hydra does not get ready");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("hydra: {line}")));
        Hydra { child, http: Http(self.socket()) }
    }
}

impl Drop for World {
    /// Launchers outlive hydra by design, but not a test.
    fn drop(&mut self) {
        let folder = self.folder.path().to_string_lossy().into_owned();
        for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let pid = entry.file_name().to_string_lossy().parse().ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid.filter(|_| String::from_utf8_lossy(&line).contains(&folder)) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// Runners that build tests only build no examples, so it is built here; once, and at no cost where it is there.
pub(crate) fn fake_launcher() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build_fake_launcher).clone()
}

fn build_fake_launcher() -> PathBuf {
    let stamp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fake-launcher.built");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fake-launcher.rs");
    let wanted = Wanted { targets: &["--tests", "--example", "fake-launcher"], features: None };
    wanted.build_once("examples/fake-launcher", &stamp, &[&source])
}

/// A running hydra; killed when it is dropped.
pub(crate) struct Hydra {
    child: Child,
    pub(crate) http: Http,
}

impl Hydra {
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Hydra {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks over a socket.
#[derive(Clone)]
pub(crate) struct Http(pub(crate) PathBuf);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Demands this status.
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

impl Http {
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        // The old version: no chunks, and the end of the answer is the end of the stream.
        let head = format!("{method} {path} HTTP/1.0\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
        self.raw(&[head.as_bytes(), body].concat())
    }

    pub(crate) fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = UnixStream::connect(&self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        // A server that refuses a body does not read it to its end; what it says is in the answer.
        let _ = stream.write_all(bytes);
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Reply { status, head, body: answer.split_off((end + 4).min(answer.len())) }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, body.to_string().as_bytes())
    }

    pub(crate) fn delete(&self, id: &str) -> Reply {
        self.ask("DELETE", &path(id, ""), b"")
    }

    /// Makes a desktop that misbehaves as `fake` says, and waits until it runs or has ended.
    pub(crate) fn create(&self, id: &str, fake: &str) -> Reply {
        let wish = serde_json::json!({ "id": id, "profile": "weston", "environment": { "FAKE": fake } });
        self.post("/api/v1/dev-containers?wait=60", &wish)
    }

    pub(crate) fn show(&self, id: &str) -> Value {
        self.get(&path(id, "")).is(200).json()
    }

    /// Waits until the desktop is as wanted.
    pub(crate) fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(|| Some(self.show(id)).filter(&wanted))
    }
}

/// Whether a process runs; one that nobody has reaped does not.
pub(crate) fn is_alive(pid: rustix::process::Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub(crate) fn path(id: &str, rest: &str) -> String {
    format!("/api/v1/dev-containers/{id}{rest}")
}

/// Looks until it is there.
pub(crate) fn eventually<T>(look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it does not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Http {
    /// Waits for a phase, or for its being gone.
    pub(crate) fn until_gone_or(&self, id: &str, phase: &str) {
        eventually(|| {
            let reply = self.get(&path(id, ""));
            (reply.status == 404 || reply.json()["report"]["phase"] == phase).then_some(())
        });
    }
}

impl Reply {
    /// Demands one of these.
    pub(crate) fn has_one_of(self, statuses: &[u16]) {
        assert!(statuses.contains(&self.status), "{}: {}", self.status, self.text());
    }
}
