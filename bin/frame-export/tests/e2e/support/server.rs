//! One running program.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Metrics, Usage, scrape};

/// How long the program may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, listening on ports that the system chose. Dropping it ends it and demands that it ends well.
pub(crate) struct Server {
    child: Child,
    listening: Vec<(String, String)>,
    stderr: Arc<Mutex<String>>,
    collector: Option<JoinHandle<()>>,
    ended: Option<ExitStatus>,
}

/// The program with these arguments and nothing from the environment.
pub(crate) fn program<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frame-export"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FRAME_EXPORT_") {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program, which must refuse to serve; returns its exit code and what it says.
pub(crate) fn refused(args: &[&str]) -> (Option<i32>, String) {
    let mut child = program(args).spawn().expect("the program starts");
    let status = wait(&mut child).unwrap_or_else(|| {
        child.kill().expect("it runs");
        panic!("{args:?}: it serves, but should refuse");
    });
    let mut text = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut text).expect("text");
    (status.code(), text)
}

/// Waits for the end; `None` when it does not come.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

impl Server {
    /// Starts the program and waits until it listens. TCP and metrics are on unless `args` say otherwise.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut all = vec!["--metrics", "127.0.0.1:0"];
        if !args.contains(&"--tcp") {
            all.extend(["--tcp", "127.0.0.1:0"]);
        }
        all.extend(args);
        Self::run(program(&all))
    }

    /// One small scanout of `pattern`.
    pub(crate) fn small(pattern: &str, fps: &str) -> Self {
        Self::start(&["--pattern", pattern, "--fps", fps, "--scanouts", "1", "--size", "640x360"])
    }

    /// Starts a command of [`program`] and waits until it listens.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stderr = Arc::<Mutex<String>>::default();
        let collector = collect(child.stderr.take().expect("piped"), Arc::clone(&stderr));
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The test may be over.
                let _ = sender.send(line);
            }
        });
        let mut server = Self { child, listening: Vec::new(), stderr, collector: Some(collector), ended: None };
        let line = lines.recv_timeout(PATIENCE).expect("it says where it listens");
        let words = line.strip_prefix("listening ").expect("the line has a fixed form").split(' ');
        server.listening = words
            .map(|word| word.split_once('=').expect("name=address"))
            .map(|(name, address)| (name.to_owned(), address.to_owned()))
            .collect();
        server
    }

    /// Where it listens by this transport.
    pub(crate) fn address(&self, transport: &str) -> Option<&str> {
        self.listening.iter().find(|(name, _)| name == transport).map(|(_, address)| address.as_str())
    }

    fn socket_address(&self, transport: &str) -> SocketAddr {
        self.address(transport).expect("it was asked to").parse().expect("an address")
    }

    pub(crate) fn tcp(&self) -> SocketAddr {
        self.socket_address("tcp")
    }

    pub(crate) fn unix(&self) -> PathBuf {
        self.address("unix").expect("it was asked to").into()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::parse(&self.get("/metrics"))
    }

    /// Whether somebody has pictures to take, takes none, and no more are made meanwhile.
    pub(crate) fn waits_for_its_clients(&self) -> bool {
        let seen = || {
            let metrics = self.metrics();
            (metrics.sum("client_queue_units", &[]), metrics.sum("client_delivered_total", &[]))
        };
        let before = seen();
        std::thread::sleep(std::time::Duration::from_millis(300));
        before.0 > 0.0 && before == seen()
    }

    /// The body of a page of the metrics server.
    pub(crate) fn get(&self, path: &str) -> String {
        scrape::get(self.socket_address("metrics"), path)
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        self.stderr.lock().expect("the collector does not panic").clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_none()
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end_by(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let Some(status) = wait(&mut self.child) else {
            self.signal(Signal::KILL);
            panic!("it still runs {PATIENCE:?} after {signal:?}");
        };
        self.ended = Some(status);
        if let Some(collector) = self.collector.take() {
            collector.join().expect("the collector does not panic");
        }
        status
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- log of the program\n{}----", self.log());
        }
        if self.ended.is_some() {
            return;
        }
        if std::thread::panicking() {
            // Whatever went wrong, nothing of it stays behind.
            let _ = self.child.kill();
            let _ = self.child.wait();
            return;
        }
        let status = self.end_by(Signal::TERM);
        assert!(status.success(), "it ended with {:?}, signal {:?}:\n{}", status.code(), status.signal(), self.log());
    }
}

/// Keeps what the program logs.
fn collect(stderr: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut text = into.lock().expect("nobody panics with it");
            text.push_str(&line);
            text.push('\n');
        }
    })
}
