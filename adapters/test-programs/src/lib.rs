//! Programs that tests run, built from the sources that the tests were built from.
//!
//! Cargo builds those of the tested package only, and runners of tests build no examples.
//!
//! ```text
//!   test ──▶ build, build_once ──▶ cargo build --workspace … ──▶ the folder that the test itself was built into
//! ```
//! The whole workspace is asked for, with the features that `LUNETTE_TEST_FEATURES` names: the features of what programs
//! depend on are those of all that is asked for, and some of them alone would be built from nothing once more.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// What a test needs besides the package that it is in.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Targets as cargo's arguments, such as `--bins`.
    pub targets: &'a [&'a str],
    /// Features where `LUNETTE_TEST_FEATURES` names none.
    pub features: Option<&'a str>,
}

impl Wanted<'_> {
    /// All programs, with the tests.
    pub const PROGRAMS: Wanted<'static> = Wanted { targets: &["--bins", "--tests"], features: None };

    /// Builds it, and returns the folder that programs are in.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn build(self) -> PathBuf {
        let built = self.cargo().status().expect("cargo can be started");
        assert!(built.success(), "the programs do not build");
        folder()
    }

    /// Builds it, and returns the program of an integration test; `None` when these features leave the test out.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn build_test(self, package: &str, test: &str) -> Option<PathBuf> {
        let mut cargo = self.cargo();
        cargo.args(["--message-format", "json"]).stderr(Stdio::inherit());
        let built = cargo.output().expect("cargo can be started");
        assert!(built.status.success(), "the tests do not build");
        let messages = String::from_utf8(built.stdout).expect("cargo writes text");
        messages.lines().find_map(|message| test_program(message, package, test))
    }

    fn cargo(self) -> Command {
        let folder = folder();
        let mut cargo = Command::new(env!("CARGO"));
        // Build scripts may look at what cargo tells a test of its package; with that of another one they begin anew, and
        // half of the workspace with them.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(&name.to_string_lossy())) {
            cargo.env_remove(name);
        }
        cargo.args(["build", "--quiet", "--workspace"]).args(self.targets);
        if let Some(features) = std::env::var_os("LUNETTE_TEST_FEATURES").or(self.features.map(Into::into)) {
            cargo.arg("--features").arg(features);
        }
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let target = folder.parent().expect("a profile's folder is in the target folder");
        cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo
    }

    /// The program at `place` in the folder of programs. It is built unless that was done, and noted in the file `stamp`,
    /// after the test and `sources` became what they are: each test is a process of its own, and the first one builds.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn build_once(self, place: &str, stamp: &Path, sources: &[&Path]) -> PathBuf {
        let program = folder().join(place);
        let is_older = |file: &Path| modified(file).zip(modified(stamp)).is_some_and(|(file, stamp)| file < stamp);
        if program.exists() && is_older(&test()) && sources.iter().all(|source| is_older(source)) {
            return program;
        }
        let _ = self.build();
        std::fs::write(stamp, "").expect("a stamp can be written");
        program
    }
}

/// Whether a variable of the environment says in which package a test is.
fn is_of_a_package(variable: &str) -> bool {
    variable == "OUT_DIR"
        || ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_"].iter().any(|of| variable.starts_with(of))
}

/// What one of cargo's messages calls the program of this test, if it does.
fn test_program(message: &str, package: &str, test: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    let is_it = target["name"] == test && target["kind"][0] == "test";
    // `path+file:///…/folder#package@version`, or without the name where the folder has it.
    let id = message["package_id"].as_str()?;
    let is_of_it = id.contains(&format!("#{package}@")) || id.contains(&format!("/{package}#"));
    (is_it && is_of_it).then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// `target/debug`, of `target/debug/deps/e2e-…`.
fn folder() -> PathBuf {
    test().ancestors().nth(2).expect("tests are built into deps").to_owned()
}

fn test() -> PathBuf {
    std::env::current_exe().expect("the system says where a program is")
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|about| about.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_tests_own_package_reaches_another_build() {
        let build = Wanted::PROGRAMS.cargo();
        let removed: Vec<_> = build.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(removed.contains(&"CARGO_MANIFEST_DIR".as_ref()) && removed.contains(&"CARGO_PKG_NAME".as_ref()));
        assert!(!removed.contains(&"CARGO_HOME".as_ref()) && !removed.contains(&"CARGO_INCREMENTAL".as_ref()));
    }

    #[test]
    fn a_test_is_found_among_cargos_messages_by_package_and_name() {
        let message = |id: &str, kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///here/{id}",
                "target":{{"kind":["{kind}"],"name":"element"}},"executable":"/there/deps/element-1"}}"#
            )
        };
        let found = |message: &str| test_program(message, "gst", "element");
        assert_eq!(found(&message("ffi/gst#0.1.0", "test")), Some("/there/deps/element-1".into()));
        assert_eq!(found(&message("ffi/folder#gst@0.1.0", "test")), Some("/there/deps/element-1".into()));
        assert_eq!(found(&message("ffi/other#0.1.0", "test")), None);
        assert_eq!(found(&message("ffi/gst#0.1.0", "example")), None);
        assert_eq!(found("no message"), None);
    }
}
