//! The benchmark in a real guest, whose way to the host is QEMU's user-mode network.
//!
//! Test images have no GStreamer: what the benchmark loads travels with it, in a folder that the guest mounts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use super::{HOST, Running};
use crate::cli::VsockencOptions;
use crate::metadata::Metadata;
use crate::process;

const NAME: &str = "vsockenc-bench";
const TAG: &str = "vsockenc";
const THERE: &str = "/tmp/vsockenc";
/// The plugins that bring appsrc and fakesink.
const PLUGINS: [&str; 2] = ["libgstapp.so", "libgstcoreelements.so"];
/// For a machine to boot, without virtualisation.
const BOOT: std::time::Duration = std::time::Duration::from_secs(120);
/// Lines of the benchmark.
const ROWS: u64 = 8;

pub(super) fn bench(metadata: &Metadata, options: &VsockencOptions, bench: &Path, port: u16) -> anyhow::Result<()> {
    process::run(process::cargo().args(["build", "--release", "--package", "lunette"]))?;
    let lunette = metadata.target_directory.join("release/lunette");
    let folder = metadata.target_directory.join("vsockenc-guest");
    let loader = bundle(bench, &folder)?;
    let mut machine = Command::new(&lunette);
    machine.args(["vm", "run", "--name", NAME, "--image", "test", "--shells", "1", "--share"]);
    machine.arg(format!("{TAG}={}", folder.display())).stdout(Stdio::null());
    let _machine = Running::start(&mut machine)?;
    let shell = |limit: u64, script: &str| {
        let mut shell = Command::new(&lunette);
        shell.args(["vm", "shell", "--name", NAME, "--limit", &limit.to_string(), script]);
        shell
    };
    let deadline = Instant::now() + BOOT;
    while !shell(10, "true").output()?.status.success() {
        if Instant::now() > deadline {
            bail!("no shell of the guest within {BOOT:?}");
        }
    }
    process::run(&mut shell(
        30,
        &format!("mkdir -p {THERE} && mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 {TAG} {THERE}"),
    ))?;
    let script = format!(
        "GST_PLUGIN_SYSTEM_PATH={THERE}/plugins GST_REGISTRY=/tmp/registry GST_REGISTRY_FORK=no \
         {THERE}/{loader} --library-path {THERE} {THERE}/bench {HOST}:{port} {} {}",
        options.seconds, options.size
    );
    process::run(&mut shell((options.seconds + 30) * ROWS, &script))
}

/// A folder with the program, its plugins and every library that they load; the name of the loader in it.
fn bundle(program: &Path, folder: &Path) -> anyhow::Result<String> {
    let plugins_here = process::read(Command::new("pkg-config").args(["--variable=pluginsdir", "gstreamer-1.0"]))?;
    let plugins_here = PathBuf::from(String::from_utf8(plugins_here)?.trim());
    let plugins = folder.join("plugins");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(&plugins)?;
    fs::copy(program, folder.join("bench"))?;
    let mut libraries = libraries(program)?;
    for name in PLUGINS {
        let from = plugins_here.join(name);
        fs::copy(&from, plugins.join(name)).with_context(|| format!("no {}", from.display()))?;
        libraries.extend(self::libraries(&from)?);
    }
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    for library in &libraries {
        fs::copy(library, folder.join(name(library))).with_context(|| format!("no {}", library.display()))?;
    }
    let mut names = libraries.iter().map(|library| name(library));
    names.find(|name| name.starts_with("ld-linux")).context("the benchmark has no loader")
}

/// What a program loads, and what loads it.
fn libraries(of: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let shown = String::from_utf8(process::read(Command::new("ldd").arg(of))?)?;
    let paths = shown.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    Ok(paths.map(PathBuf::from).collect())
}
