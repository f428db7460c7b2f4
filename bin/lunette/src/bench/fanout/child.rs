//! frame-export as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::FanoutArgs;
use crate::bench::args::CodingArgs;
use crate::bench::process::{self, Footprint};

const PROGRAM: &str = "frame-export";
/// How long the server may take to listen, and to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running frame-export; dropping it ends it.
pub(super) struct Child {
    process: std::process::Child,
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Child {
    /// The frame-export of the same build: the one next to this program.
    pub(super) fn find() -> Result<PathBuf> {
        let program = std::env::current_exe().context("this program does not know where it lies")?;
        let path = program.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX));
        if path.is_file() { Ok(path) } else { bail!("there is no {}", path.display()) }
    }

    pub(super) fn start(args: &FanoutArgs, program: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        // Its environment variables are settings, and those of whoever measures do not belong to this measurement.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FRAME_EXPORT_")) {
            command.env_remove(name);
        }
        command.args(arguments(args)).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let line = first_line(&mut process);
        // From here on it is ended whatever happens.
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut child = Self { process, address: nowhere, metrics: nowhere };
        let line = line.with_context(|| format!("{} did not start to listen", program.display()))?;
        let found = |key| address_in(&line, key).with_context(|| format!("{PROGRAM} does not say its {key}: {line}"));
        (child.address, child.metrics) = (found("tcp")?, found("metrics")?);
        Ok(child)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.process.id())
    }

    pub(super) fn footprint(&self) -> Result<Footprint> {
        process::footprint(self.process.id())
    }

    pub(super) fn metrics(&self) -> Result<String> {
        get(self.metrics, "/metrics").context("cannot read the server's metrics")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _killed = self.process.kill();
        let _status = self.process.wait();
    }
}

fn arguments(args: &FanoutArgs) -> Vec<String> {
    let coding = &args.coding;
    let pairs = [
        ("--source", "pattern".to_owned()),
        ("--pattern", args.kind.as_str().to_owned()),
        ("--scanouts", "1".to_owned()),
        ("--size", coding.size.to_string()),
        ("--fps", args.fps.to_string()),
        ("--tcp", "127.0.0.1:0".to_owned()),
        ("--metrics", "127.0.0.1:0".to_owned()),
        ("--encoder", args.encoder.to_string()),
        ("--quality", coding.quality.get().to_string()),
        ("--max-bitrate", coding.max_bitrate_or(CodingArgs::SERVED).bits_per_second().to_string()),
        ("--encoder-threads", coding.threads.to_string()),
        ("--log", "error".to_owned()),
    ];
    pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
}

/// The line that says where it listens. Reading has no time limit of its own, so a thread waits for it.
fn first_line(process: &mut std::process::Child) -> Result<String> {
    let stdout = process.stdout.take().context("its output is not piped")?;
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // Nobody waits any more when it took too long.
        let _ = sender.send(read.map(|_| line));
    });
    let line = receiver.recv_timeout(PATIENCE).map_err(|_| anyhow!("it said nothing for {PATIENCE:?}"))??;
    if line.is_empty() { Err(anyhow!("it ended; the reason is above")) } else { Ok(line.trim_end().to_owned()) }
}

/// The address in `listening tcp=127.0.0.1:1 metrics=127.0.0.1:2`.
fn address_in(line: &str, key: &str) -> Option<SocketAddr> {
    line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
}

fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    if head.split(' ').nth(1) == Some("200") { Ok(body.to_owned()) } else { bail!("{path} answers {head}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_by_their_key() {
        let line = "listening tcp=127.0.0.1:4711 unix=/run/x metrics=[::1]:9";
        assert_eq!(address_in(line, "tcp"), Some("127.0.0.1:4711".parse().unwrap()));
        assert_eq!(address_in(line, "metrics"), Some("[::1]:9".parse().unwrap()));
        assert_eq!(address_in(line, "unix"), None);
    }

    #[test]
    fn a_program_that_is_no_server_is_an_error_at_once() {
        let program = Path::new("/bin/false");
        if program.exists() {
            let cli = crate::bench::fanout::tests::args(&[]);
            let Err(error) = Child::start(&cli, program) else { panic!("started") };
            assert!(format!("{error:#}").contains("it ended"), "{error:#}");
        }
    }
}
