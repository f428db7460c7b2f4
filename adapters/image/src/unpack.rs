//! Unpacks packages without installing them: no script of theirs runs, so any architecture will do.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::apt::{Ground, Package};
use crate::error::io_error;
use crate::progress::{Phase, Progress, Watch};
use crate::tool::Tool;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Puts the files of these packages into one folder.
pub(crate) fn unpack(ground: &Ground, packages: &[Package], into: &Path, watch: Watch<'_>) -> Result<()> {
    fs::create_dir_all(into).map_err(io_error("make", into))?;
    let total = packages.iter().map(|package| package.size).sum();
    let mut done = 0;
    for package in packages {
        watch(Progress::of(Phase::Unpack, done, total));
        Tool::new("dpkg-deb", LIMIT).arg("-x").arg(ground.packages.join(&package.file)).arg(into).run(&mut |_| {})?;
        done += package.size;
    }
    Ok(())
}
