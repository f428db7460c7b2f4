//! A running frame-export.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lunette_test_programs::Wanted;

/// The program; killed when it is dropped.
pub(crate) struct Host {
    child: Child,
    pub(crate) tcp: SocketAddr,
    pub(crate) unix: PathBuf,
    _folder: tempfile::TempDir,
}

impl Host {
    pub(crate) fn start() -> Self {
        Self::start_also_at(&[])
    }

    /// With more addresses.
    pub(crate) fn start_also_at(addresses: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let unix = folder.path().join("host.sock");
        let mut command = Command::new(program());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FRAME_EXPORT_")) {
            command.env_remove(name);
        }
        // Both families, so that a name finds it whatever it stands for.
        command.args(["--pattern", "still", "--scanouts", "1", "--size", "640x360", "--tcp", "[::]:0", "--unix"]);
        command.arg(&unix).args(addresses).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("frame-export starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next().expect("it says where it listens").expect("text");
        let tcp = line.split(' ').find_map(|word| word.strip_prefix("tcp=")).expect("asked for");
        let port = tcp.parse::<SocketAddr>().expect("an address").port();
        Self { child, tcp: ([127, 0, 0, 1], port).into(), unix, _folder: folder }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Built from the sources that this test was built from, or what LUNETTE_FRAME_EXPORT names.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("LUNETTE_FRAME_EXPORT") {
        return path.into();
    }
    let stamp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vsockenc-host.built");
    // This test has the feature, and so has the workspace that it is built with.
    let wanted = Wanted { features: Some("gst-vsockenc/plugin"), ..Wanted::PROGRAMS };
    wanted.build_once("frame-export", &stamp, &[])
}
