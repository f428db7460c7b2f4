//! The real frame-export of a host, which dials in.

use std::net::SocketAddr;
use std::path::Path;

use crate::process::{Process, Says, program};

/// Synthetic scanouts, for whom nobody listens here: who wants them comes by what it dialled.
pub(crate) fn start(name: &str, plane: SocketAddr, token: &str, folder: &Path) -> Process {
    let (secret, file) = (folder.join("secret"), folder.join("dial.token"));
    std::fs::write(&file, token).unwrap();
    std::fs::write(&secret, "5a".repeat(32)).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut command = program("frame-export");
    command.args(["--tcp", "off", "--pattern", "typing", "--scanouts", "4", "--size", "320x180", "--fps", "10"]);
    command.args(["--dial", &format!("http://{plane}"), "--dial-name", name, "--dial-token-file"]).arg(file);
    command.arg("--secret-file").arg(secret);
    Process::start("frame-export", command, Says::Stdout, "listening").0
}
