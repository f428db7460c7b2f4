//! The files of one desktop.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lunette_desktop::{Order, Places, Report};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bridge::Tokens;

/// More than any of our files has.
const LONGEST: u64 = 1 << 20;

/// What is kept of a desktop that is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) order: Order,
    pub(crate) report: Report,
}

/// Makes the folder ready for a launcher: the order in it, and nothing that an earlier launcher said.
pub(crate) fn prepare(places: &Places, order: &Order) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(places.folder())?;
    for stale in [places.report(), places.control(), ended(places)] {
        match fs::remove_file(stale) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // One that is started again is watched by the same people.
    if order.restarts == 0 || Tokens::read(&places.tokens()).is_none() {
        Tokens::random()?.write(&places.tokens())?;
    }
    write(&places.order(), order)
}

/// Keeps what is known of a desktop that is over.
pub(crate) fn keep(places: &Places, order: &Order, report: &Report) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(places.folder())?;
    write(&ended(places), &Ended { order: order.clone(), report: report.clone() })
}

/// Where a launcher's output goes; behind what an earlier one printed.
pub(crate) fn launcher_log(places: &Places) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(places.launcher_log())
}

/// What a launcher wrote down; `None` when it is not there, or no report.
pub(crate) fn report(places: &Places) -> Option<Report> {
    read(&places.report()).ok()
}

/// What is kept of a desktop that is over.
pub(crate) fn kept(places: &Places) -> Option<Ended> {
    read(&ended(places)).ok()
}

/// The order.
pub(crate) fn order(places: &Places) -> io::Result<Order> {
    read(&places.order())
}

/// Removes the folder, unless something is mounted in it: what is mounted may be somebody's.
pub(crate) fn remove(places: &Places) -> io::Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    if let Some(mounted) = mount_points(&mounts).find(|point| point.starts_with(places.folder())) {
        return Err(io::Error::other(format!("{} is still mounted", mounted.display())));
    }
    match fs::remove_dir_all(places.folder()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn ended(places: &Places) -> PathBuf {
    places.folder().join("ended.json")
}

/// The fifth field; blanks in it are octal.
pub(crate) fn mount_points(mountinfo: &str) -> impl Iterator<Item = PathBuf> {
    mountinfo.lines().filter_map(|line| line.split(' ').nth(4)).map(|field| {
        PathBuf::from(field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\"))
    })
}

/// Under another name first: whoever reads it sees all of it, or the one before.
fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let fresh = path.with_extension("json.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&serde_json::to_vec_pretty(content)?)?;
    fs::rename(fresh, path)
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let mut content = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut content)?;
    Ok(serde_json::from_slice(&content)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_unescaped() {
        let info = "22 1 0:20 / / rw - tmpfs x rw\n23 22 0:21 / /run/a\\040b rw shared:1 - tmpfs x rw\n";
        assert_eq!(mount_points(info).collect::<Vec<_>>(), [PathBuf::from("/"), PathBuf::from("/run/a b")]);
    }

    #[test]
    fn what_is_no_report_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::at(folder.path().to_owned());
        assert!(report(&places).is_none());
        fs::write(places.report(), "{\"id\":").unwrap();
        assert!(report(&places).is_none());
    }
}
