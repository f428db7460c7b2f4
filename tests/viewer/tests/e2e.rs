//! The viewer in a real browser: each test here runs one file of `e2e/` with node, against the desktop-bridge of this tree.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const CHROMIUM: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn works(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn has_chromium() -> bool {
    std::env::var_os("LUNETTE_CHROMIUM").is_some() || CHROMIUM.iter().any(|path| Path::new(path).exists())
}

/// The folder with the bridge, once node's packages are there; or why nothing can run.
fn prepared() -> Result<&'static Path, &'static str> {
    static PREPARED: OnceLock<Result<PathBuf, &'static str>> = OnceLock::new();
    PREPARED.get_or_init(prepare).as_deref().map_err(|why| *why)
}

fn prepare() -> Result<PathBuf, &'static str> {
    if !works("node") || !works("npm") {
        return Err("there is no node, or no npm");
    }
    if !has_chromium() {
        return Err("there is no Chromium");
    }
    if !folder().join("node_modules/playwright-core").exists() {
        let install = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder()).status();
        assert!(install.is_ok_and(|status| status.success()), "npm ci failed in tests/viewer");
    }
    Ok(lunette_test_programs::Wanted::PROGRAMS.build())
}

/// Runs `e2e/NAME.test.mjs`; what it prints becomes the test's output.
fn run(name: &str) {
    let programs = match prepared() {
        Ok(programs) => programs,
        Err(why) => return println!("NOT RUN: the viewer in a browser, {name}: {why}"),
    };
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", &format!("e2e/{name}.test.mjs")]).current_dir(folder());
    node.env("LUNETTE_BRIDGE", programs.join("desktop-bridge"));
    let output = node.output().expect("node can be started");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "e2e/{name}.test.mjs failed: {}", String::from_utf8_lossy(&output.stderr));
}

macro_rules! files {
    ($($name:ident)*) => { $(#[test] fn $name() { run(stringify!($name)); })* };
}

files! { reading picture firefox still link tabs reconnect input access clipboard many desktop }
