//! The way to the hydra of a guest.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use anyhow::Result;
use lunette_auth::Token;
use lunette_image::Overlay;
use lunette_vm::Forward;

/// Where hydra listens in the guest: at the address of its user-mode network, to which forwarded connections come.
const IN_GUEST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, 15), 9878);
/// Where the guest has its token; root of the guest alone reads it.
const TOKEN_FILE: &str = "/etc/lunette/hydra.token";

/// The way to the hydra of a guest, and what opens it.
#[derive(Clone)]
pub struct HydraDoor {
    address: SocketAddrV4,
    token: String,
}

impl std::fmt::Debug for HydraDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HydraDoor").field("address", &self.address).finish_non_exhaustive()
    }
}

impl HydraDoor {
    /// One from this port of the loopback, with a token of its own.
    pub(super) fn new(address: SocketAddrV4) -> Result<Self> {
        let mut bytes = [0; Token::LEN];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes are to be had: {error}"))?;
        Ok(Self { address, token: Token::new(bytes).to_text() })
    }

    /// Where it is reached.
    #[must_use]
    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// What opens it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn forward(&self) -> Forward {
        Forward { host: self.address.port(), guest: IN_GUEST.port() }
    }

    /// What tells the guest's hydra, as files for the guest.
    pub(super) fn add_to(&self, overlay: Overlay) -> Result<Overlay> {
        let settings = format!(
            "[Service]\nEnvironment=HYDRA_LISTEN_API={IN_GUEST}\nEnvironment=HYDRA_API_TOKEN_FILE={TOKEN_FILE}\n"
        );
        let unit = Path::new("/etc/systemd/system/hydra.service.d/api.conf");
        let overlay = overlay.file(unit, 0o644, settings.into_bytes())?;
        Ok(overlay.file(Path::new(TOKEN_FILE), 0o600, format!("{}\n", self.token).into_bytes())?)
    }
}
