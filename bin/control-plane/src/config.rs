//! What the control plane needs to know.

use std::net::SocketAddr;
use std::path::PathBuf;

use lunette_fleet::HostName;
use lunette_net::client::Address;

/// What the control plane needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its own folder.
    pub state: PathBuf,
    /// Names of ours besides addresses and `localhost`.
    pub allowed_hosts: Vec<String>,
    /// Pages of others that may use us.
    pub allowed_origins: Vec<String>,
    /// A certificate and its key; `None` is plain HTTP, which loopback alone has.
    pub tls: Option<TlsConfig>,
    /// Machines with desktops.
    pub hosts: Vec<HostConfig>,
}

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsConfig {
    /// These files.
    Files {
        /// The chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// One of our own, made where it is missing.
    SelfMade,
}

/// A machine with desktops.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// What we call it.
    pub name: HostName,
    /// Where its hydra is.
    pub hydra: Address,
    /// A file with what opens that.
    pub hydra_token: Option<PathBuf>,
    /// Where its pictures are, if they can be had from here.
    pub export: Option<Address>,
    /// A file with what opens those.
    pub export_secret: Option<PathBuf>,
}
