//! Device nodes that are there, and that nobody can open.

use std::fs;
use std::io;
use std::path::Path;

use lunette_uevent::DeviceNumber;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::UdevError;

/// Makes the node of a character device without any permission, in the place of what is at `path`.
///
/// Programs that are given an open device by somebody else still look at its node: for its number, and that it is there.
///
/// # Errors
/// When it cannot be made, as without the right to make devices.
pub fn make_node(path: &Path, number: DeviceNumber) -> Result<(), UdevError> {
    let make = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let device = makedev(number.major, number.minor);
        mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), device).map_err(io::Error::from)
    };
    make().map_err(UdevError::file("make the device node", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    use super::*;

    #[test]
    fn a_node_has_its_number_and_no_permission() {
        if !rustix::process::geteuid().is_root() {
            println!("NOT RUN: device nodes: only root makes them");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dri/card0");
        for minor in [1, 0] {
            make_node(&path, DeviceNumber { major: 226, minor }).unwrap();
            let found = fs::metadata(&path).unwrap();
            assert!(found.file_type().is_char_device());
            assert_eq!((found.rdev(), found.mode() & 0o7777), (makedev(226, minor), 0));
        }
    }
}
