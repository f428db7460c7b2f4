//! runc, one call per step.

use std::fs;
use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::fchown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lunette_desktop::DesktopId;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Deserialize;
use tokio::net::unix::pipe::Sender;
use tokio::time::timeout;

use crate::Error;
use crate::desktop::Desktop;
use crate::oci::{self, Process};
use crate::plan::{ContainerPlan, USER};
use crate::root::{self, folder};
use crate::running::{Engine, Exec, Files, Running, User};
use crate::tool::RUNC;
use crate::{cgroup, network};

const CREATE_LIMIT: Duration = Duration::from_secs(60);
const LOG: &str = "runc.log";

/// Where runc keeps what it knows.
fn state(hydra: &Path) -> PathBuf {
    hydra.join("runc")
}

/// Makes files, mounts and the description of `plan`; blocking.
pub(crate) fn prepare(plan: &ContainerPlan) -> Result<(), Error> {
    let layout = root::assemble(plan, &network::names(&plan.hostname))?;
    let open_files = open_files(plan.limits.open_files.into());
    let config = oci::config(plan, &layout, cgroup::is_unified(), open_files);
    let path = plan.places().bundle().join("config.json");
    let text = serde_json::to_vec_pretty(&config).map_err(Error::file("write", &path))?;
    fs::write(&path, text).map_err(Error::file("write", &path))
}

/// As many as wanted, where this process can give so many: it cannot raise a bound that it was started under.
fn open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let Some(most) = limit.maximum.filter(|most| *most < wanted) else { return wanted };
    if setrlimit(Resource::Nofile, Rlimit { maximum: Some(wanted), ..limit }).is_ok() {
        return wanted;
    }
    tracing::warn!(wanted, most, "a desktop gets fewer open files than it should");
    most
}

/// Makes namespaces and the first process, which waits; returns its number and what it will print.
pub(crate) async fn create(plan: &ContainerPlan) -> Result<(i32, PipeReader), Error> {
    let step = "create a container";
    let bundle = plan.places().bundle();
    let (pid_file, log) = (bundle.join("pid"), bundle.join(LOG));
    let (reader, writer) = std::io::pipe().map_err(Error::process("make a pipe"))?;
    let again = writer.try_clone().map_err(Error::process("make a pipe"))?;
    let mut command = RUNC.command();
    command.arg("--root").arg(folder(&state(&plan.hydra))?);
    command.arg("--log").arg(&log).args(["--log-format", "json", "create", "--bundle"]).arg(&bundle);
    command.arg("--pid-file").arg(&pid_file).arg(plan.id.as_str());
    command.stdout(OwnedFd::from(writer)).stderr(OwnedFd::from(again));
    let mut child = command.spawn().map_err(|error| RUNC.not_started(step, error))?;
    // Our copies of the pipe's end, or its other end would never see the last writer go.
    drop(command);
    let status = timeout(CREATE_LIMIT, child.wait()).await;
    let status = status.map_err(|_| Error::Late { what: step, limit: CREATE_LIMIT })?;
    if !status.map_err(Error::process(step))?.success() {
        return Err(RUNC.refused(step, &complaint(&log)));
    }
    let text = fs::read_to_string(&pid_file).map_err(Error::file("read", &pid_file))?;
    let pid = text.trim().parse().map_err(|_| RUNC.refused(step, "it wrote no process id"))?;
    Ok((pid, reader))
}

/// Lets the first process run.
pub(crate) async fn start(hydra: &Path, id: &DesktopId) -> Result<(), Error> {
    run(hydra, "start a container", &["start", id.as_str()]).await
}

/// Ends and forgets a container; says whether there was one.
pub(crate) async fn delete(hydra: &Path, id: &DesktopId) -> Result<bool, Error> {
    let known = state(hydra).join(id.as_str());
    if !known.exists() {
        return Ok(false);
    }
    let deleted = run(hydra, "delete a container", &["delete", "--force", id.as_str()]).await;
    // A runc that was killed while it wrote leaves what no runc can read.
    if known.exists() {
        fs::remove_dir_all(&known).map_err(Error::file("remove", &known))?;
    } else {
        deleted?;
    }
    Ok(true)
}

/// Brings a process into a running container.
pub(crate) fn exec(desktop: &Desktop, exec: &Exec) -> Result<Running, Error> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let step = "run a process in a desktop";
    let bundle = desktop.places().bundle();
    let name = format!("exec-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let files = Files { process: bundle.join(format!("{name}.json")), pid: bundle.join(format!("{name}.pid")) };
    let process = oci::exec_process(first_process(&bundle.join("config.json"))?, exec);
    let text = serde_json::to_vec(&process).map_err(Error::file("write", &files.process))?;
    fs::write(&files.process, text).map_err(Error::file("write", &files.process))?;
    let mut command = RUNC.command();
    command.kill_on_drop(false).arg("--root").arg(state(desktop.hydra()));
    command.arg("exec").arg("--process").arg(&files.process).arg("--pid-file").arg(&files.pid);
    command.arg(desktop.id().as_str());
    let (stdin, to) = input(desktop, exec).map_err(Error::process("make a pipe"))?;
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| RUNC.not_started(step, error))?;
    // Our copy of the pipe's end, or whoever writes would never see the last reader go.
    drop(command);
    Ok(Running {
        stdin: Some(Box::pin(to)),
        stdout: child.stdout.take().map(|pipe| Box::pin(pipe) as _),
        stderr: child.stderr.take().map(|pipe| Box::pin(pipe) as _),
        engine: Engine::Runc { child, files },
    })
}

/// A pipe that the process may also open by its name, `/dev/stdin`: it belongs to the process's user.
fn input(desktop: &Desktop, exec: &Exec) -> io::Result<(OwnedFd, Sender)> {
    let (reader, writer) = io::pipe()?;
    let ids = desktop.slot().ids();
    let user = if exec.user == User::Root { ids.first } else { ids.first + USER };
    if let Err(error) = fchown(&reader, Some(user), Some(user)) {
        tracing::debug!(%error, "a process cannot open its standard input by name");
    }
    Ok((reader.into(), Sender::from_owned_fd(writer.into())?))
}

fn first_process(config: &Path) -> Result<Process, Error> {
    #[derive(Deserialize)]
    struct Part {
        process: Process,
    }
    let text = fs::read(config).map_err(Error::file("read", config))?;
    let part: Part = serde_json::from_slice(&text).map_err(Error::file("understand", config))?;
    Ok(part.process)
}

async fn run(hydra: &Path, step: &'static str, args: &[&str]) -> Result<(), Error> {
    let state = state(hydra);
    let mut command = RUNC.command();
    command.arg("--root").arg(&state).args(args);
    let output = timeout(CREATE_LIMIT, command.output()).await;
    let output = output.map_err(|_| Error::Late { what: step, limit: CREATE_LIMIT })?;
    RUNC.judge(step, &output.map_err(|error| RUNC.not_started(step, error))?).map(drop)
}

/// The last thing that runc called an error.
fn complaint(log: &Path) -> String {
    #[derive(Deserialize)]
    struct Line {
        level: String,
        msg: String,
    }
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines
        .filter(|line| line.level == "error")
        .map(|line| line.msg)
        .next()
        .unwrap_or_else(|| "no reason given".to_owned())
}
