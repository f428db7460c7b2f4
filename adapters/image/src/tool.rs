//! Programs that a build runs: found first, watched, and ended when they take too long.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How often a caller hears from a silent program.
const TICK: Duration = Duration::from_millis(200);
/// How much of a failed program's words a message repeats.
const LAST_LINES: usize = 6;

/// What a running program gives to look at.
pub(crate) enum Event<'a> {
    Line(&'a str),
    Tick,
}

/// A program about to be run.
pub(crate) struct Tool {
    name: String,
    command: Command,
    limit: Duration,
}

/// Which Debian package has a program.
const PACKAGES: [(&str, &str); 9] = [
    ("apt-get", "apt"),
    ("apt-config", "apt"),
    ("depmod", "kmod"),
    ("dpkg-deb", "dpkg"),
    ("mmdebstrap", "mmdebstrap"),
    ("newuidmap", "uidmap"),
    ("unshare", "util-linux"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// Refuses, naming what to install, unless all of these programs are there.
pub(crate) fn need(programs: &[&str]) -> Result<()> {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<&str> = missing.iter().copied().map(package_of).collect();
    packages.dedup();
    Err(Error::ToolMissing { programs: missing.join(", "), packages: packages.join(" ") })
}

fn package_of(program: &str) -> &str {
    PACKAGES.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package)
}

/// Whether a program is where an administrator's PATH would find it.
pub(crate) fn is_installed(program: &str) -> bool {
    search_path().split(':').any(|folder| Path::new(folder).join(program).is_file())
}

/// PATH, with the folders that an ordinary user's often lacks.
fn search_path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
}

impl Tool {
    pub(crate) fn new(name: &str, limit: Duration) -> Self {
        let mut command = Command::new(name);
        // Their words are read.
        command.env("LC_ALL", "C.UTF-8").env("PATH", search_path()).stdin(Stdio::null());
        Self { name: name.to_owned(), command, limit }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What it writes to standard output.
    pub(crate) fn read(mut self) -> Result<Vec<u8>> {
        let mut child = self.start()?;
        let mut stdout = child.stdout.take().expect("piped");
        let output = thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).map(|_| bytes)
        });
        self.watch(&mut child, &mut |_| {})?;
        let read = output.join().expect("reading does not panic");
        read.map_err(|source| Error::Io { doing: "read the output of", path: self.name.into(), source })
    }

    /// Runs it to its end; `heard` gets each line that it writes.
    pub(crate) fn run(mut self, heard: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let mut child = self.start()?;
        self.watch(&mut child, heard)
    }

    fn start(&mut self) -> Result<Child> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().map_err(|source| Error::Io { doing: "start", path: self.name.clone().into(), source })
    }

    fn watch(&self, child: &mut Child, heard: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let deadline = Instant::now() + self.limit;
        let (lines, said) = mpsc::sync_channel(64);
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, lines.clone());
        }
        forward(child.stderr.take().expect("piped"), lines);
        let mut last: Vec<String> = Vec::new();
        loop {
            match said.recv_timeout(TICK) {
                Ok(line) => {
                    heard(Event::Line(&line));
                    last.push(line);
                    if last.len() > LAST_LINES {
                        last.remove(0);
                    }
                }
                Err(RecvTimeoutError::Timeout) => heard(Event::Tick),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() > deadline {
                return Err(self.give_up(child));
            }
        }
        let status = self.reap(child, deadline)?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Tool { program: self.name.clone(), status: status.to_string(), said: last.join("; ") })
    }

    /// A program may close its outputs and go on.
    fn reap(&self, child: &mut Child, deadline: Instant) -> Result<ExitStatus> {
        loop {
            let ended = child.try_wait();
            let ended =
                ended.map_err(|source| Error::Io { doing: "wait for", path: self.name.clone().into(), source })?;
            if let Some(status) = ended {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(self.give_up(child));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn give_up(&self, child: &mut Child) -> Error {
        // SIGTERM first: mmdebstrap unmounts what it has mounted.
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        let patience = Instant::now() + Duration::from_secs(10);
        while Instant::now() < patience && matches!(child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        child.kill().ok();
        child.wait().ok();
        Error::ToolSlow { program: self.name.clone(), limit: self.limit }
    }
}

fn forward(from: impl Read + Send + 'static, to: SyncSender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(std::result::Result::ok) {
            let line = String::from_utf8_lossy(&line);
            // Progress meters draw over their own line.
            let line = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
            if to.send(line.to_owned()).is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Tool {
        Tool::new("sh", limit).arg("-c").arg(script)
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        assert!(need(&["sh"]).is_ok());
        let error = need(&["sh", "no-such-program", "another"]).unwrap_err().to_string();
        assert_eq!(error, "a build needs no-such-program, another: apt-get install no-such-program another");
    }

    #[test]
    fn what_a_program_says_arrives_line_by_line() {
        let mut lines = Vec::new();
        let mut heard = |event: Event<'_>| {
            if let Event::Line(line) = event {
                lines.push(line.to_owned());
            }
        };
        shell("printf 'a\\rb\\n'; echo c", Duration::from_secs(20)).run(&mut heard).unwrap();
        assert_eq!(lines, ["b", "c"]);
        assert_eq!(shell("echo c", Duration::from_secs(20)).read().unwrap(), b"c\n");
    }

    #[test]
    fn a_failure_repeats_the_last_words() {
        let error = shell("seq 10 >&2; exit 3", Duration::from_secs(20)).run(&mut |_| {}).unwrap_err().to_string();
        assert_eq!(error, "sh failed (exit status: 3): 5; 6; 7; 8; 9; 10");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let started = Instant::now();
        let error = shell("exec sleep 1000", Duration::from_millis(50)).run(&mut |_| {}).unwrap_err();
        assert!(matches!(error, Error::ToolSlow { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
