//! Stamps the commit into the program, so that a running one can be told from the one that was built.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/logs/HEAD");
    println!("cargo:rerun-if-env-changed=LUNETTE_COMMIT");
    let given = std::env::var("LUNETTE_COMMIT").ok();
    let commit = given.or_else(commit_of_the_tree).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=LUNETTE_COMMIT={commit}");
}

fn commit_of_the_tree() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| commit.trim().to_owned())
}
