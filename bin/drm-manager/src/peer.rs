//! Who is at the other end of a socket, and who may be.

use std::fmt;
use std::io;

use tokio::net::UnixStream;

/// What the kernel vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) pid: Option<i32>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Peer {
    pub(crate) fn of(stream: &UnixStream) -> io::Result<Self> {
        let credentials = stream.peer_cred()?;
        Ok(Self { pid: credentials.pid(), uid: credentials.uid(), gid: credentials.gid() })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "pid {pid}, uid {}", self.uid),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

/// Who may ask for a lease, besides root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Users.
    pub uids: Vec<u32>,
    /// Groups; only a peer's first group counts.
    pub gids: Vec<u32>,
}

impl Allowed {
    pub(crate) fn admits(&self, peer: &Peer) -> bool {
        peer.uid == 0 || self.uids.contains(&peer.uid) || self.gids.contains(&peer.gid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_root_is_admitted_unless_listed() {
        let peer = |uid, gid| Peer { pid: Some(1), uid, gid };
        let allowed = Allowed { uids: vec![1000], gids: vec![44] };
        assert!(Allowed::default().admits(&peer(0, 0)));
        assert!(!Allowed::default().admits(&peer(1000, 0)));
        assert!(allowed.admits(&peer(1000, 7)) && allowed.admits(&peer(7, 44)));
        assert!(!allowed.admits(&peer(44, 1000)));
    }
}
