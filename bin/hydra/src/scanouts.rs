//! How many outputs drm-manager has left: whoever places desktops on several machines asks that before.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// For the whole answer; whoever asks us waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than any status has.
const MOST_BYTES: u64 = 1 << 20;

/// The outputs of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Scanouts {
    all: usize,
    /// Those that nobody has, and those that come back in a moment.
    free: usize,
}

#[derive(Deserialize)]
struct Status {
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    state: String,
}

impl Scanouts {
    /// What the manager says whose leases are at this socket; `None` when there is none, or it does not answer.
    pub(crate) async fn look(lease_socket: &Path) -> Option<Self> {
        let status = lease_socket.with_file_name("status.sock");
        let read = async {
            let stream = UnixStream::connect(&status).await.ok()?;
            let mut text = Vec::new();
            stream.take(MOST_BYTES).read_to_end(&mut text).await.ok()?;
            Some(text)
        };
        Self::parse(&timeout(PATIENCE, read).await.ok()??)
    }

    fn parse(status: &[u8]) -> Option<Self> {
        let status: Status = serde_json::from_slice(status).ok()?;
        let is_free = |output: &&Output| matches!(output.state.as_str(), "free" | "draining" | "settling");
        Some(Self { all: status.outputs.len(), free: status.outputs.iter().filter(is_free).count() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_on_their_way_back_are_free_and_those_that_are_stuck_are_not() {
        let status = br#"{"pid":7,"outputs":[{"scanout":1,"state":"leased"},{"state":"free"},{"state":"draining"},
            {"state":"quarantined"},{"state":"enabling"},{"state":"settling"}]}"#;
        assert_eq!(Scanouts::parse(status), Some(Scanouts { all: 6, free: 3 }));
        assert_eq!(Scanouts::parse(b"{}"), None);
    }

    #[tokio::test]
    async fn without_a_manager_nothing_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Scanouts::look(&folder.path().join("drm.sock")).await, None);
    }
}
