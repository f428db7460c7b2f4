//! Programs as processes of their own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lunette_test_programs::Wanted;
use rustix::process::{Pid, Signal, kill_process};

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A running program; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
}

/// Which of a program's outputs says that it is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Stdout,
    Stderr,
}

impl Process {
    /// Starts a program, and waits until it says a line with `ready` in it; returns that too.
    pub(crate) fn start(name: &'static str, mut command: Command, says: Says, ready: &str) -> (Self, String) {
        let piped = |here| if says == here { Stdio::piped() } else { Stdio::inherit() };
        command.stdin(Stdio::null()).stdout(piped(Says::Stdout)).stderr(piped(Says::Stderr));
        let mut child = command.spawn().unwrap();
        let output: Box<dyn std::io::Read + Send> = match says {
            Says::Stdout => Box::new(child.stdout.take().unwrap()),
            Says::Stderr => Box::new(child.stderr.take().unwrap()),
        };
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                eprintln!("{name}: {line}");
                // The test may have heard enough.
                let _ = sender.send(line);
            }
        });
        let process = Self { child, name };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("{name} does not get ready"));
            if line.contains(ready) {
                return (process, line);
            }
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; it has to end well.
    pub(crate) fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "{} ends badly", self.name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of this workspace, without what the environment has for it.
pub(crate) fn program(name: &str) -> Command {
    let launcher = fake_launcher();
    let mut command = Command::new(launcher.ancestors().nth(2).unwrap().join(name));
    let ours = |name: &str| ["HYDRA_", "FRAME_EXPORT_", "LUNETTE_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// hydra's double of what runs a desktop; built, and all programs with it, where that was not done.
pub(crate) fn fake_launcher() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let stamp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts.built");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hydra/examples/fake-launcher.rs");
        let wanted = Wanted { targets: &["--bins", "--tests", "--example", "fake-launcher"], features: None };
        wanted.build_once("examples/fake-launcher", &stamp, &[&source])
    };
    BUILT.get_or_init(build).clone()
}

/// Processes that run and have this folder on their command line.
pub(crate) fn processes_of(folder: &Path) -> Vec<Pid> {
    let folder = folder.to_string_lossy().into_owned();
    let numbers =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_of_it = |pid: &i32| {
        // One that nobody has reaped has no command line.
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&folder)
    };
    let mut pids: Vec<i32> = numbers.filter(is_of_it).collect();
    pids.sort_unstable();
    pids.into_iter().filter_map(Pid::from_raw).collect()
}

/// Looks until it is there.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it does not come about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
