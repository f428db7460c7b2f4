//! frame-export as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lunette_sys_process::{Lifetime, Spawn};
use lunette_vm::RunPaths;

use super::Programs;

/// How long frame-export may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(30);

const HTTP_LIMIT: Duration = Duration::from_secs(5);

/// How frame-export is started.
#[derive(Debug, Clone, Default)]
pub struct ExporterPlan {
    /// More arguments.
    pub arguments: Vec<String>,
    /// Where its log goes; `None` is standard error.
    pub log: Option<PathBuf>,
}

/// A running frame-export. Killed when it is dropped, and on Linux when the thread ends that started it.
#[derive(Debug)]
pub struct Exporter {
    program: PathBuf,
    arguments: Vec<String>,
    log: Option<PathBuf>,
    address: SocketAddr,
    running: Running,
}

#[derive(Debug)]
struct Running {
    child: Child,
    metrics: SocketAddr,
}

impl Exporter {
    /// Starts one on a machine, and waits until it listens.
    pub(super) fn start(
        programs: &Programs,
        plan: &ExporterPlan,
        machine: &RunPaths,
        address: SocketAddr,
        metrics: Option<SocketAddr>,
    ) -> Result<Self> {
        let program = programs.path("frame-export")?;
        let metrics = metrics.map_or_else(|| "127.0.0.1:0".to_owned(), |metrics| metrics.to_string());
        let mut arguments = ["--source", "qemu", "--metrics", &metrics, "--tcp"].map(str::to_owned).to_vec();
        arguments.push(address.to_string());
        for (flag, path) in [("--qmp", machine.export_qmp()), ("--secret-file", machine.secret())] {
            let path = path.into_os_string().into_string();
            let path = path.map_err(|path| anyhow::anyhow!("{} is no UTF-8", path.display()))?;
            arguments.extend([flag.to_owned(), path]);
        }
        arguments.extend(plan.arguments.iter().cloned());
        let running = Running::start(&program, &arguments, plan.log.as_deref())?;
        Ok(Self { program, arguments, log: plan.log.clone(), address, running })
    }

    /// Where it serves streams.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.running.metrics
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.running.child.try_wait()?)
    }

    /// The last lines of its log; empty when that is standard error.
    #[must_use]
    pub fn last_lines(&self) -> String {
        last_lines(self.log.as_deref())
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.child.id()
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.running.child.kill()?;
        self.running.child.wait()?;
        Ok(())
    }

    /// Starts it again, where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.running = Running::start(&self.program, &self.arguments, self.log.as_deref())?;
        Ok(())
    }

    /// A sample of its metrics, named with its labels as the text has them, such as `frame_export_captured_total{scanout="1"}`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn metric(&self, sample: &str) -> Result<Option<f64>> {
        let text = self.get("/metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        Ok(line.and_then(|value| value.parse().ok()))
    }

    /// What it serves at `path`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn get(&self, path: &str) -> Result<String> {
        let address = self.running.metrics;
        let mut stream = TcpStream::connect_timeout(&address, HTTP_LIMIT).context("cannot reach frame-export")?;
        stream.set_read_timeout(Some(HTTP_LIMIT))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("frame-export answers without a body")?;
        Ok(body.to_owned())
    }
}

impl Running {
    fn start(program: &Path, arguments: &[String], log: Option<&Path>) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(log) = log {
            let log = File::options().create(true).append(true).open(log);
            command.stderr(log.context("cannot open frame-export's log")?);
        }
        let mut child = Spawn::new(command, Lifetime::SpawningThread).spawn().context("cannot start frame-export")?;
        match announced(&mut child) {
            Ok(metrics) => Ok(Self { child, metrics }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let said = last_lines(log);
                Err(if said.is_empty() { error } else { error.context(said) })
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the line that says where it listens; returns where its metrics are.
fn announced(child: &mut Child) -> Result<SocketAddr> {
    let stdout = child.stdout.take().context("frame-export has no standard output")?;
    let (sender, line) = sync_channel(1);
    let read = move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(read.map(|_| line));
    };
    thread::Builder::new().name("announcement".to_owned()).spawn(read)?;
    let line = line.recv_timeout(START_LIMIT).context("frame-export does not say that it listens")??;
    let Some(metrics) = line.split_whitespace().find_map(|word| word.strip_prefix("metrics=")) else {
        bail!("frame-export does not start: its log says why");
    };
    Ok(metrics.parse()?)
}

fn last_lines(log: Option<&Path>) -> String {
    const LINES: usize = 8;
    let text = log.and_then(|log| std::fs::read_to_string(log).ok()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
