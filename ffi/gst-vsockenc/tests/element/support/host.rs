//! A running frame-export.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program; killed when it is dropped.
pub(crate) struct Host {
    child: Child,
    pub(crate) tcp: SocketAddr,
    pub(crate) unix: PathBuf,
    _folder: tempfile::TempDir,
}

impl Host {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let unix = folder.path().join("host.sock");
        let mut command = Command::new(program());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FRAME_EXPORT_")) {
            command.env_remove(name);
        }
        // Both families, so that a name finds it whatever it stands for.
        command.args(["--pattern", "still", "--scanouts", "1", "--size", "640x360", "--tcp", "[::]:0", "--unix"]);
        command.arg(&unix).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
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
    let test = std::env::current_exe().expect("the system says where a program is");
    let folder = test.ancestors().nth(2).expect("tests are built into deps");
    let program = folder.join("frame-export");
    // Each test is a process of its own: the first one builds, and the others see that it has.
    let stamp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vsockenc-host.built");
    if program.exists() && modified(&stamp).is_some_and(|stamp| modified(&test).is_some_and(|test| test < stamp)) {
        return program;
    }
    let mut cargo = Command::new(env!("CARGO"));
    // With the features that the workspace has together, as ./test builds it: others would build everything once more.
    cargo.args(["build", "--quiet", "--workspace", "--bins", "--tests", "--features", "gst-vsockenc/plugin"]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.arg("--target-dir").arg(folder.parent().expect("of a profile")).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(cargo.status().expect("cargo can be started").success(), "frame-export does not build");
    std::fs::write(stamp, "").expect("cargo made the folder");
    program
}

fn modified(file: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(file).and_then(|about| about.modified()).ok()
}
