//! The flags, with their environment variables and help.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Brings up one desktop, watches it, and takes it down: its lease, its input devices, its seat, its container.
///
/// hydra starts one of these for each desktop; it runs outside of the container, as root. The desktop is described by
/// desktop.json in --dir; state.json there says what became of it, and control.sock takes requests. What the desktop
/// prints is in desktop.log.
///
/// SIGTERM and SIGINT end the desktop cleanly. The exit status is 0 when the desktop ended on request.
#[derive(Debug, Clone, Parser)]
#[command(name = "lease-launcher", version, verbatim_doc_comment)]
pub struct Args {
    /// The desktop's folder
    #[arg(long, value_name = "FOLDER")]
    pub dir: PathBuf,

    /// Where drm-manager hands out leases
    #[arg(long, value_name = "PATH", default_value = "/run/helix-drm/drm.sock", env = "DRM_SOCKET")]
    pub lease_socket: PathBuf,

    /// The host's frame-export, asked whether pictures arrive, and for another size
    #[arg(long, value_name = "ADDR:PORT", default_value = "10.0.2.2:15937", env = "QEMU_ADDR")]
    pub host: String,

    /// The program that is logind for GNOME [default: logind-stub beside this program]
    #[arg(long, value_name = "PATH", env = "LOGIND_STUB")]
    pub logind_stub: Option<PathBuf>,

    /// The program that is every desktop's bridge, run inside of it [default: desktop-bridge beside this program, if it
    /// is there]
    #[arg(long, value_name = "PATH", env = "DESKTOP_BRIDGE")]
    pub desktop_bridge: Option<PathBuf>,

    /// The Docker daemon's socket
    #[arg(long, value_name = "PATH", default_value = "/var/run/docker.sock", env = "DOCKER_SOCKET")]
    pub docker_socket: PathBuf,

    /// Seconds that a desktop's programs have to end by themselves
    #[arg(long, value_name = "S", default_value = "2", value_parser = clap::value_parser!(u8).range(0..=60))]
    pub stop_within: u8,

    /// What to log: error, warn, info, debug, trace, or a filter
    #[arg(long, value_name = "FILTER", default_value = "info", env = "LAUNCHER_LOG")]
    pub log: String,
}

impl Args {
    /// Until a desktop's programs are killed.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.stop_within.into())
    }
}
