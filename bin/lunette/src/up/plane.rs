//! control-plane as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lunette_sys_process::{Lifetime, Spawn};

/// How long it may take until it serves.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How it is started.
#[derive(Debug, Clone)]
pub(super) struct PlanePlan {
    pub(super) program: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) listen: SocketAddr,
    pub(super) allowed_hosts: Vec<String>,
    pub(super) hydra: String,
    pub(super) hydra_token: PathBuf,
    pub(super) export: String,
    pub(super) export_secret: PathBuf,
}

/// A running control-plane. Killed when it is dropped, and when the thread ends that started it.
#[derive(Debug)]
pub(super) struct Plane {
    plan: PlanePlan,
    child: Child,
    url: String,
}

impl PlanePlan {
    fn command(&self) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("--state").arg(&self.folder).args(["--listen", &self.listen.to_string()]);
        command.args(["--hydra", &self.hydra, "--export", &self.export]);
        command.arg("--hydra-token-file").arg(&self.hydra_token).arg("--export-secret-file").arg(&self.export_secret);
        for host in &self.allowed_hosts {
            command.args(["--allowed-host", host]);
        }
        if !self.listen.ip().is_loopback() {
            command.arg("--tls-self-made");
        }
        let log = self.folder.join("control-plane.log");
        let log = File::options().create(true).append(true).open(&log).context("cannot open control-plane's log")?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        Ok(command)
    }
}

impl Plane {
    /// Starts one, and waits until it serves.
    pub(super) fn start(plan: PlanePlan) -> Result<Self> {
        let mut child =
            Spawn::new(plan.command()?, Lifetime::SpawningThread).spawn().context("cannot start control-plane")?;
        match announced(&mut child) {
            Ok(url) => Ok(Self { plan, child, url }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error.context(last_lines(&plan.folder.join("control-plane.log"))))
            }
        }
    }

    /// Where it serves.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How it ended; `None` while it runs.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Starts it again, where it was.
    pub(super) fn restart(&mut self) -> Result<()> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let port = self.url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        if let Some(port) = port {
            self.plan.listen.set_port(port);
        }
        let mut child = Spawn::new(self.plan.command()?, Lifetime::SpawningThread).spawn()?;
        let url = announced(&mut child);
        self.child = child;
        self.url = url?;
        Ok(())
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        // SIGTERM first would change nothing: what it answered is kept already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the line that says where it serves.
fn announced(child: &mut Child) -> Result<String> {
    let stdout = child.stdout.take().context("control-plane has no standard output")?;
    let (sender, line) = sync_channel(1);
    let read = move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let _ = sender.send(lines.next().unwrap_or_default());
        // What follows is for people who start it themselves; the pipe is kept open for it.
        lines.for_each(drop);
    };
    thread::Builder::new().name("announcement".to_owned()).spawn(read)?;
    let line = line.recv_timeout(START_LIMIT).context("control-plane does not say that it serves")?;
    match line.strip_prefix("ready url=") {
        // What listens everywhere is opened here; elsewhere people know the machine by its name.
        Some(url) => Ok(url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")),
        None => bail!("control-plane does not start: its log says why"),
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
