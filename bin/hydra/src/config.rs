//! What the daemon needs to know.

use std::net::SocketAddr;
use std::path::PathBuf;

use lunette_desktop::BackendKind;

pub use crate::bridge::route::BridgesUrl;
pub use lunette_relay::Dial;

/// What the daemon needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub socket: PathBuf,
    /// Whose group may ask.
    pub group: Option<u32>,
    /// Its own folder.
    pub dir: PathBuf,
    /// Folders with profiles.
    pub profiles: Vec<PathBuf>,
    /// Where the kernel lists disks; `None` when no disk is looked at.
    pub disks: Option<PathBuf>,
    /// The program that runs one desktop.
    pub launcher: PathBuf,
    /// Who runs containers unless a wish says otherwise.
    pub backend: BackendKind,
    /// The Docker daemon's socket.
    pub docker_socket: PathBuf,
    /// drm-manager's.
    pub lease_socket: PathBuf,
    /// The host's frame-export.
    pub host: String,
    /// Where bridges are reached from outside of the machine; `None` when they are not.
    pub listen_bridges: Option<SocketAddr>,
    /// How a browser reaches that, if otherwise.
    pub bridges_url: Option<BridgesUrl>,
    /// Where the API is served over TCP; `None` when it is not.
    pub listen_api: Option<SocketAddr>,
    /// What opens that.
    pub api_token_file: Option<PathBuf>,
    /// The control plane to dial in to; `None` when there is none.
    pub dial: Option<Dial>,
    /// Desktops at once.
    pub max_desktops: usize,
    /// Whether more memory may be promised than there is.
    pub overcommit: bool,
    /// Whether desktops end with the daemon.
    pub stop_desktops_on_exit: bool,
    /// What launchers log.
    pub log: String,
}
