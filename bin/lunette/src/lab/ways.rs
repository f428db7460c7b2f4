//! What of the loopback leads into a guest with desktops.

use std::net::{SocketAddr, SocketAddrV4, TcpListener};

use anyhow::{Context, Result, bail};
use lunette_image::Overlay;
use lunette_vm::Forward;

use super::HydraDoor;
use crate::bridges;

/// What of the loopback leads into a guest with desktops.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub(super) bridges: SocketAddrV4,
    pub(super) hydra: HydraDoor,
}

impl Ways {
    /// By ports that nobody has now.
    pub(super) fn free() -> Result<Self> {
        let (SocketAddr::V4(bridges), SocketAddr::V4(hydra)) = (free_address()?, free_address()?) else {
            bail!("the loopback has no IPv4 address");
        };
        Ok(Self { bridges, hydra: HydraDoor::new(hydra)? })
    }

    pub(super) fn forwards(&self) -> [Forward; 2] {
        [bridges::forward(self.bridges), self.hydra.forward()]
    }

    /// What tells the guest's hydra, as files for the guest.
    pub(super) fn add_to(&self, overlay: Overlay) -> Result<Overlay> {
        let (path, text) = bridges::settings(self.bridges);
        self.hydra.add_to(overlay.file(&path, 0o644, text)?)
    }
}

/// A port of the loopback that nobody has now. The guest must know it before anybody here can listen on it.
pub(super) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot find a free port")?;
    Ok(listener.local_addr()?)
}
