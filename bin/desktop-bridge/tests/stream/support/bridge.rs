//! One running program.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::eventually;

/// How long the program may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// One token of each kind.
pub(crate) struct Tokens {
    pub(crate) view: &'static str,
    pub(crate) control: &'static str,
    pub(crate) agent: &'static str,
    /// In no file.
    pub(crate) unknown: &'static str,
}

pub(crate) const TOKENS: Tokens = Tokens {
    view: "dmlld2luZyB2aWV3aW5nIHZpZXdpbmcgdmlld2luZzE",
    control: "Y29udHJvbCBjb250cm9sIGNvbnRyb2wgY29udHJvbDE",
    agent: "YWdlbnQgYWdlbnQgYWdlbnQgYWdlbnQgYWdlbnQgYWc",
    unknown: "bm9ib2R5IG5vYm9keSBub2JvZHkgbm9ib2R5IG5vYm8",
};

/// The program, listening on a port that the system chose. Dropping it ends it and demands that it ends well.
pub(crate) struct Bridge {
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
    folder: TempDir,
    ended: bool,
}

impl Bridge {
    /// A small synthetic desktop that shows this.
    pub(crate) fn showing(pattern: &str) -> Self {
        Self::start(&["--pattern", pattern])
    }

    /// The same, behind [`TOKENS`]. Processes of this machine reach it at [`Bridge::socket`] too.
    pub(crate) fn guarded(pattern: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let Tokens { view, control, agent, .. } = TOKENS;
        let file = folder.path().join("tokens");
        std::fs::write(&file, format!("view {view}\ncontrol {control}\nagent {agent} builder\n")).expect("written");
        let file = file.to_str().expect("UTF-8").to_owned();
        let socket = format!("unix:{}", folder.path().join("http.sock").display());
        Self::start_in(folder, &["--pattern", pattern, "--token-file", &file, "--listen", &socket])
    }

    /// With these arguments besides.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), args)
    }

    fn start_in(folder: TempDir, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_desktop-bridge"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if ["BRIDGE_", "HELIX_", "VIDEO_GRACE_", "SCREENSHOT_", "WORKSPACE_", "MCP_"]
                .iter()
                .any(|start| name.starts_with(start))
            {
                command.env_remove(name);
            }
        }
        let sink = format!("log:{}", folder.path().join("events").display());
        command.args(["--listen", "127.0.0.1:0", "--log", "debug", "--size", "640x360", "--sink", &sink, "--folder"]);
        command.arg(folder.path().join("files")).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = Arc::<Mutex<String>>::default();
        collect(child.stderr.take().expect("piped"), Arc::clone(&log));
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let said = stdout.read_line(&mut line);
        // It says where else it listens, too.
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(drop));
        let address = line.trim().strip_prefix("listening http=").and_then(|address| address.parse().ok());
        let log_so_far = || log.lock().expect("nobody panics with it").clone();
        let address = address.unwrap_or_else(|| panic!("{said:?} {line:?}: it does not listen\n{}", log_so_far()));
        Self { child, address, log, folder, ended: false }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where processes of this machine reach a guarded one.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("http.sock")
    }

    /// What reached the desktop so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("events")).unwrap_or_default();
        // The last line may be half written.
        text.split_inclusive('\n').filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits until so many events reached the desktop, and gives them all.
    pub(crate) async fn wait_for_events(&self, count: usize) -> Vec<Value> {
        eventually("events reach the desktop", || self.events().len() >= count).await;
        self.events()
    }

    /// Says that it is to end.
    pub(crate) fn tell_to_end(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// Ends it; what it logged.
    pub(crate) fn end(mut self) -> String {
        self.tell_to_end();
        let status = self.wait();
        let log = self.log.lock().expect("nobody panics with it").clone();
        assert!(status.is_some_and(|status| status.success()), "it ended with {status:?}:\n{log}");
        log
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                self.ended = true;
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        None
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- log of the program\n{}----", self.log.lock().expect("nobody panics with it"));
            // Whatever went wrong, nothing of it stays behind.
            let _ = self.child.kill();
            let _ = self.child.wait();
            return;
        }
        if self.ended {
            return;
        }
        self.tell_to_end();
        let status = self.wait();
        if !self.ended {
            let _ = self.child.kill();
        }
        let log = self.log.lock().expect("nobody panics with it");
        assert!(status.is_some_and(|status| status.success()), "it ended with {status:?}:\n{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// Keeps what the program logs.
fn collect(stderr: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut text = into.lock().expect("nobody panics with it");
            text.push_str(&line);
            text.push('\n');
        }
    });
}
