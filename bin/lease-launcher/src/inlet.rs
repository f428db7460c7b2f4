//! Input from inside of the desktop: its bridge's, or that of any other program of it.
//!
//! ```text
//!   desktop: seat/input.sock ──▶ inlet ──▶ input.sock ──▶ devices
//!   hydra, launcher ─────────────────────────▲
//! ```
//!
//! What comes from inside has places of its own, so that no program of the desktop keeps the machine from using it.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lunette_desktop::IdRange;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::desktop::Task;
use crate::inside;

/// Connections from inside at once: a quarter of what the input socket takes.
const PLACES: usize = 16;
/// Before connections are accepted again, after descriptors ran out.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until it is dropped.
pub(crate) struct Inlet(#[expect(dead_code, reason = "ends it")] Task);

impl Inlet {
    /// Listens at `path`, in a folder that only we write to, for users of `ids`; what they say goes to `input`.
    pub(crate) fn open(path: &Path, ids: IdRange, input: PathBuf) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let user = Some(ids.first + inside::UID);
        chown(path, user, user)?;
        Ok(Self(Task(tokio::spawn(take(listener, ids, input)))))
    }
}

async fn take(listener: UnixListener, ids: IdRange, input: PathBuf) {
    let places = Arc::new(Semaphore::new(PLACES));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept input from inside");
                sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        if !is_of(&stream, ids) {
            tracing::warn!("input from somebody who is not of this desktop");
            continue;
        }
        let input = input.clone();
        tokio::spawn(async move {
            if let Err(error) = pass(stream, &input).await {
                tracing::debug!(%error, "input from inside ended");
            }
            drop(place);
        });
    }
}

fn is_of(stream: &UnixStream, ids: IdRange) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid().checked_sub(ids.first).is_some_and(|id| id < ids.count))
}

/// Until either end closes.
async fn pass(mut from: UnixStream, input: &Path) -> io::Result<()> {
    let mut to = UnixStream::connect(input).await?;
    tokio::io::copy_bidirectional_with_sizes(&mut from, &mut to, 4096, 4096).await.map(drop)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn own_ids() -> IdRange {
        IdRange { first: 0, count: 65_536 }
    }

    #[tokio::test]
    async fn what_is_said_inside_reaches_the_input_socket_and_its_answer_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, outer) = (folder.path().join("in"), folder.path().join("out"));
        let input = UnixListener::bind(&outer).unwrap();
        let _inlet = Inlet(Task(tokio::spawn(take(UnixListener::bind(&inner).unwrap(), own_ids(), outer))));
        let mut client = UnixStream::connect(&inner).await.unwrap();
        client.write_all(b"x").await.unwrap();
        client.shutdown().await.unwrap();
        let (mut taken, _) = input.accept().await.unwrap();
        let mut said = String::new();
        taken.read_to_string(&mut said).await.unwrap();
        taken.write_all(b"no").await.unwrap();
        drop(taken);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((said.as_str(), answer.as_str()), ("x", "no"));
    }

    #[tokio::test]
    async fn whoever_is_of_another_desktop_is_turned_away() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, outer) = (folder.path().join("in"), folder.path().join("out"));
        let _input = UnixListener::bind(&outer).unwrap();
        let others = IdRange { first: 1 << 30, count: 65_536 };
        let _inlet = Inlet(Task(tokio::spawn(take(UnixListener::bind(&inner).unwrap(), others, outer))));
        let mut client = UnixStream::connect(&inner).await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
