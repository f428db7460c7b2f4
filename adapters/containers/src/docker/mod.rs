//! The same by a Docker daemon, over its socket.
//!
//! A daemon makes namespaces and starts the program in one step. To have a step in between, the first process is a
//! shell that waits at a gate, a FIFO of ours, and then becomes the session.

mod body;
mod client;
mod daemonic;
mod exec;
mod stream;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_desktop::{DesktopId, IdRange};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::cgroup::Stats;
use client::Client;

pub(crate) use daemonic::Daemonic;
pub(crate) use exec::{RunningExec, exec};

/// The daemon needs so long to forget a container whose processes do not die at once.
const REMOVE_LIMIT: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_millis(50);

/// Where a daemon listens unless told otherwise.
#[must_use]
pub fn default_socket() -> PathBuf {
    PathBuf::from("/var/run/docker.sock")
}

/// The name of a desktop's container, and of its network.
fn name(id: &DesktopId) -> String {
    format!("lunette-{id}")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    docker_root_dir: String,
    #[serde(default)]
    security_options: Vec<String>,
}

/// The ids that a daemon gives its containers: those of its one user namespace, or plain ones.
pub(crate) async fn ids(socket: &Path) -> Result<IdRange, Error> {
    let info: Info = Client::new(socket).await?.get("describe itself", "/info").await?;
    let remapped = info.security_options.iter().any(|option| option.starts_with("name=userns"));
    // A daemon that remaps keeps its files in a folder named after the first user and group.
    let first = info.docker_root_dir.rsplit('/').next().and_then(|last| last.split('.').next()?.parse().ok());
    Ok(IdRange { first: first.filter(|_| remapped).unwrap_or(0), count: 65_536 })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Usage {
    cpu_stats: CpuStats,
    memory_stats: MemoryStats,
    pids_stats: PidsStats,
    blkio_stats: BlkioStats,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CpuStats {
    cpu_usage: CpuUsage,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CpuUsage {
    /// In nanoseconds.
    total_usage: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MemoryStats {
    usage: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PidsStats {
    current: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BlkioStats {
    io_service_bytes_recursive: Option<Vec<BlkioEntry>>,
}

#[derive(Deserialize)]
struct BlkioEntry {
    op: String,
    value: u64,
}

/// What a container used so far.
pub(crate) async fn stats(socket: &Path, id: &DesktopId) -> Result<Stats, Error> {
    let client = Client::new(socket).await?;
    let path = format!("/containers/{}/stats?stream=false&one-shot=true", name(id));
    let usage: Usage = client.get("count what a container uses", &path).await?;
    let entries = usage.blkio_stats.io_service_bytes_recursive.unwrap_or_default();
    let total = |op: &str| entries.iter().filter(|e| e.op.eq_ignore_ascii_case(op)).map(|e| e.value).sum();
    Ok(Stats {
        cpu_usec: usage.cpu_stats.cpu_usage.total_usage / 1000,
        memory_bytes: usage.memory_stats.usage,
        pids: usage.pids_stats.current,
        oom_kills: u64::from(daemonic::inspect(&client, id).await?.state.oom_killed),
        read_bytes: total("read"),
        written_bytes: total("write"),
    })
}

/// Ends and forgets a container and its network; says whether there was either.
pub(crate) async fn remove(socket: &Path, id: &DesktopId) -> Result<bool, Error> {
    let client = Client::new(socket).await?;
    let name = name(id);
    let container = format!("/containers/{name}?force=1&v=1");
    let until = Instant::now() + REMOVE_LIMIT;
    let mut found = false;
    loop {
        match client.delete("remove a container", &container).await {
            Ok(()) => found = true,
            Err(Error::Docker { status: 404, .. }) => break,
            // Somebody else's removal is in progress.
            Err(Error::Docker { status: 409, .. }) if Instant::now() < until => sleep(PATIENCE).await,
            Err(error) => return Err(error),
        }
    }
    match client.delete("remove a network", &format!("/networks/{name}")).await {
        Ok(()) => Ok(true),
        Err(Error::Docker { status: 404, .. }) => Ok(found),
        Err(error) => Err(error),
    }
}
