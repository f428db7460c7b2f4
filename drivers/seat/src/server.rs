//! Accepting compositors.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lunette_seat::{Activity, Connection, Dialect, Policy, SeatName};
use lunette_sys_unix::peer_credentials;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{self, Ended};
use crate::devices::Devices;
use crate::socket::{BindError, Owner, Socket};

/// Connections at once: a compositor, the one that replaces it, and room for probing.
const MOST_CONNECTIONS: usize = 8;
/// After an error of `accept`, which mostly lasts: no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Users in a row, such as those of one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// The first.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl IdRange {
    /// Whether it is one of them.
    #[must_use]
    pub fn contains(self, id: u32) -> bool {
        id.checked_sub(self.first).is_some_and(|offset| offset < self.count)
    }
}

/// What a seat is like.
#[derive(Debug, Clone)]
pub struct Config {
    /// The devices that may be opened.
    pub policy: Policy,
    /// Who may connect; checked besides the socket's mode.
    pub allowed: IdRange,
    /// Whose the socket's file is; who we are if it is nobody's.
    pub owner: Option<Owner>,
    /// Its name.
    pub seat: SeatName,
    /// What the compositor's libseat expects.
    pub dialect: Dialect,
}

/// A seat that is being listened at. Its socket is there as soon as this is.
pub struct SeatServer {
    socket: Socket,
    policy: Arc<Policy>,
    config: Config,
    devices: Arc<dyn Devices>,
    activity: watch::Sender<Activity>,
}

impl SeatServer {
    /// Listens at this path, in a folder that only we can write to.
    ///
    /// # Errors
    /// When there can be no such socket.
    pub fn bind(path: &Path, config: Config, devices: Arc<dyn Devices>) -> Result<Self, BindError> {
        let socket = Socket::bind(path, config.owner)?;
        let policy = Arc::new(config.policy.clone());
        Ok(Self { socket, policy, config, devices, activity: watch::Sender::default() })
    }

    /// Takes the seat away from its compositors, and gives it back.
    #[must_use]
    pub fn activity(&self) -> watch::Sender<Activity> {
        self.activity.clone()
    }

    /// Serves compositors until `stop` is ready. Then their connections close; what they have open stays theirs.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let mut clients = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                accepted = self.socket.listener.accept() => match accepted {
                    Ok((stream, _)) => self.admit(stream, &mut clients),
                    Err(error) => {
                        tracing::error!(%error, "cannot accept a compositor");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = clients.join_next() => {}
            }
        }
    }

    // What a desktop does is told at debug only: it could fill a log with it.
    fn admit(&self, stream: UnixStream, clients: &mut JoinSet<()>) {
        let peer = match peer_credentials(&stream) {
            Ok(peer) => peer,
            Err(error) => return tracing::warn!(%error, "cannot tell who connected to the seat"),
        };
        if !self.config.allowed.contains(peer.uid) {
            return tracing::debug!(uid = peer.uid, pid = peer.pid, "a stranger at the seat: turned away");
        }
        if clients.len() >= MOST_CONNECTIONS {
            return tracing::debug!(pid = peer.pid, "too many connections to the seat: turned away");
        }
        let connection = Connection::new(Arc::clone(&self.policy), self.config.seat.clone(), self.config.dialect);
        let (devices, activity) = (Arc::clone(&self.devices), self.activity.subscribe());
        tracing::debug!(pid = peer.pid, "a compositor connected to the seat");
        clients.spawn(async move {
            report(peer.pid, client::serve(stream, connection, &*devices, activity).await);
        });
    }
}

fn report(pid: Option<u32>, ended: Result<(), Ended>) {
    match ended {
        Ok(()) => tracing::debug!(pid, "a compositor left the seat"),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::debug!(pid, cause, "a compositor was put off the seat: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IdRange;

    #[test]
    fn a_range_ends_where_the_next_begins() {
        let range = IdRange { first: 1_000_000, count: 65_536 };
        assert!(range.contains(1_000_000) && range.contains(1_065_535));
        assert!(!range.contains(999_999) && !range.contains(1_065_536) && !range.contains(0));
        assert!(IdRange { first: u32::MAX, count: 2 }.contains(u32::MAX));
    }
}
