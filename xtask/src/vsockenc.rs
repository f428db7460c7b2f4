//! `cargo xtask vsockenc`: the GStreamer element for longer than a test has time for.

mod guest;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::cli::VsockencOptions;
use crate::metadata::Metadata;
use crate::process;

const PACKAGE: [&str; 4] = ["--package", "gst-vsockenc", "--features", "plugin"];
/// What a guest behind QEMU's user-mode network calls its host; slirp4netns is the same code and says the same.
const HOST: &str = "10.0.2.2";
/// How long a network may take to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The soak: pictures, with the connection cut at random. With `bench` the benchmark.
pub(crate) fn run(metadata: &Metadata, options: &VsockencOptions) -> anyhow::Result<()> {
    if options.bench {
        return bench(metadata, options);
    }
    let mut command = process::cargo();
    command.args(["test", "--release"]).args(PACKAGE).args(["--test", "element", "--"]);
    command.args(["--nocapture", "--exact", "connection::pictures_survive_random_cuts"]);
    process::run(command.env("VSOCKENC_PICTURES", options.pictures.to_string()))
}

/// Runs the benchmark in a guest, or in a network namespace whose only way out is user-mode networking.
fn bench(metadata: &Metadata, options: &VsockencOptions) -> anyhow::Result<()> {
    process::run(process::cargo().args(["build", "--release", "--package", "frame-export"]))?;
    process::run(process::cargo().args(["build", "--release", "--example", "vsockenc-bench"]).args(PACKAGE))?;
    let release = metadata.target_directory.join("release");
    let (_host, port) = start_host(&release.join("frame-export"))?;
    let bench = release.join("examples/vsockenc-bench");
    if options.guest {
        return guest::bench(metadata, options, &bench, port);
    }
    let namespace = Running::start(Command::new("unshare").args(["--net", "sleep", "infinity"]))?;
    let pid = namespace.0.id().to_string();
    let mut network = Command::new("slirp4netns");
    network.args(["--configure", "--mtu=1500", &pid, "tap0"]).stdout(Stdio::null()).stderr(Stdio::null());
    let _network = Running::start(&mut network).context("the package slirp4netns brings user-mode networking")?;
    wait_for_network(&pid)?;
    let mut inside = Command::new("nsenter");
    inside.args(["--target", &pid, "--net"]).arg(bench);
    process::run(inside.arg(format!("{HOST}:{port}")).arg(options.seconds.to_string()).arg(&options.size))
}

/// frame-export on the loopback that user-mode networking leads to; its port.
fn start_host(program: &Path) -> anyhow::Result<(Running, u16)> {
    let mut command = Command::new(program);
    command.args(["--pattern", "still", "--scanouts", "1", "--tcp", "127.0.0.1:0"]);
    let mut host = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let stdout = host.0.stdout.take().context("piped")?;
    let line = BufReader::new(stdout).lines().next().context("frame-export ended at once")??;
    let port = line.rsplit(':').next().and_then(|port| port.parse().ok());
    Ok((host, port.with_context(|| format!("no port in `{line}`"))?))
}

fn wait_for_network(pid: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut look = Command::new("nsenter");
        let shown = look.args(["--target", pid, "--net", "ip", "-4", "address", "show", "tap0"]).output()?;
        if shown.stdout.windows(5).any(|text| text == b"inet ") {
            process::run(Command::new("nsenter").args(["--target", pid, "--net", "ip", "link", "set", "lo", "up"]))?;
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("no network within {PATIENCE:?}")
}

/// A program that is ended when it is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_owned();
        Ok(Self(command.spawn().with_context(|| format!("cannot start {}", program.display()))?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
