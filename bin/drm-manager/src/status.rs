//! What the manager says about itself, as JSON over a socket of its own.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as Blocking;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_lease::Counters;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// For the whole exchange.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than any status has.
const MOST_BYTES: u64 = 1 << 20;

/// The status socket beside the socket for leases.
#[must_use]
pub fn path_beside(socket: &Path) -> PathBuf {
    socket.with_file_name("status.sock")
}

/// Asks the manager that runs for its status.
///
/// # Errors
/// When none runs, or this user may not ask.
pub fn fetch(path: &Path) -> io::Result<String> {
    let socket = Blocking::connect(path)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut text = String::new();
    socket.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Sends a status to whoever asked.
pub(crate) async fn answer(mut stream: UnixStream, status: Status) {
    let mut text = serde_json::to_vec_pretty(&status).unwrap_or_default();
    text.push(b'\n');
    // Who asks and does not listen learns nothing.
    let _ = timeout(PATIENCE, stream.write_all(&text)).await;
}

#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) pid: u32,
    pub(crate) uptime_s: f64,
    pub(crate) host: HostStatus,
    pub(crate) clients: usize,
    pub(crate) outputs: Vec<OutputStatus>,
    pub(crate) counters: CounterStatus,
}

#[derive(Debug, Serialize)]
pub(crate) struct HostStatus {
    pub(crate) address: String,
    pub(crate) connected: bool,
    /// Why it is not.
    pub(crate) lost: Option<String>,
    /// Whether it is shown the machine's secret.
    pub(crate) authorized: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct OutputStatus {
    pub(crate) scanout: u16,
    pub(crate) connector: String,
    pub(crate) connected: Option<bool>,
    pub(crate) state: &'static str,
    pub(crate) owner: Option<OwnerStatus>,
}

#[derive(Debug, Serialize)]
pub(crate) struct OwnerStatus {
    pub(crate) pid: Option<i32>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: String,
    /// Since the request.
    pub(crate) age_s: f64,
}

/// Totals since the start.
#[derive(Debug, Serialize)]
pub(crate) struct CounterStatus {
    pub(crate) requested: u64,
    pub(crate) granted: u64,
    /// Leases of an earlier manager that live on.
    pub(crate) restored: u64,
    pub(crate) refused: u64,
    pub(crate) ended: u64,
    pub(crate) nudges: u64,
    pub(crate) replugged: u64,
    pub(crate) foreign_releases: u64,
    pub(crate) failed_unplugs: u64,
    pub(crate) slow_unplugs: u64,
    pub(crate) host_losses: u64,
    #[serde(flatten)]
    pub(crate) doors: Doors,
}

/// What came of connections that never got as far as a lease.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Doors {
    /// Connections accepted.
    pub(crate) accepted: u64,
    /// Users that are not allowed.
    pub(crate) not_allowed: u64,
    /// Connections beyond the limit.
    pub(crate) too_many: u64,
    /// Requests that make no sense.
    pub(crate) bad_requests: u64,
    /// Connections that brought no whole request in time.
    pub(crate) slow_requests: u64,
    /// Leases that ended because more bytes came.
    pub(crate) ended_by_bytes: u64,
}

impl CounterStatus {
    pub(crate) fn new(counters: Counters, doors: Doors) -> Self {
        let Counters {
            requested,
            granted,
            restored,
            refused,
            ended,
            nudges,
            replugged,
            foreign_releases,
            failed_unplugs,
            slow_unplugs,
            host_losses,
        } = counters;
        Self {
            requested,
            granted,
            restored,
            refused,
            ended,
            nudges,
            replugged,
            foreign_releases,
            failed_unplugs,
            slow_unplugs,
            host_losses,
            doors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_socket_lies_beside_the_other() {
        assert_eq!(path_beside(Path::new("/run/helix-drm/drm.sock")), Path::new("/run/helix-drm/status.sock"));
    }
}
