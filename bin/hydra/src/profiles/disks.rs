//! Disks that are roots of profiles: found by their serial, mounted read-only.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::desktop::folder::mount_points;

/// What serials of such disks begin with; the rest is the profile's name.
const SERIAL: &str = "lunette-";

/// Mounts each such disk of `disks` (`/sys/block`) that is not mounted yet; returns where they are.
pub(crate) fn mount_all(disks: &Path, roots: &Path) -> Vec<PathBuf> {
    let mounted: Vec<PathBuf> = mount_points(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()).collect();
    let found = find(disks).into_iter().filter_map(|(name, device)| {
        let root = roots.join(&name);
        if mounted.contains(&root) {
            return Some(root);
        }
        match mount_one(&device, &root) {
            Ok(()) => {
                tracing::info!(device = %device.display(), root = %root.display(), "mounted");
                Some(root)
            }
            Err(error) => {
                tracing::warn!(device = %device.display(), %error, "cannot mount a profile's disk");
                None
            }
        }
    });
    found.collect()
}

/// Unmounts everything directly below `roots`, where nobody uses it.
pub(crate) fn unmount_all(roots: &Path) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for root in mount_points(&mounts).filter(|point| point.parent() == Some(roots)) {
        match unmount(&root, UnmountFlags::NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::BUSY) => tracing::info!(root = %root.display(), "still in use"),
            Err(error) => tracing::warn!(root = %root.display(), %error, "cannot unmount"),
        }
    }
}

/// Profiles' names and devices. A serial that is no name is nobody's.
fn find(disks: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(disks) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let serial = serial(&entry.path())?;
            let name = serial.trim().strip_prefix(SERIAL)?.parse::<lunette_desktop::DesktopId>().ok()?;
            Some((name.to_string(), Path::new("/dev").join(entry.file_name())))
        })
        .collect();
    found.sort();
    found
}

/// virtio has it with the disk, other buses with its device.
fn serial(disk: &Path) -> Option<String> {
    ["serial", "device/serial"].iter().find_map(|file| fs::read_to_string(disk.join(file)).ok())
}

/// Set-user-id programs keep their meaning: inside of a desktop they are those of its own users.
fn mount_one(device: &Path, root: &Path) -> std::io::Result<()> {
    fs::create_dir_all(root)?;
    mount(device, root, c"erofs", MountFlags::RDONLY | MountFlags::NODEV, None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_found_by_their_serial() {
        let folder = tempfile::tempdir().unwrap();
        for (disk, serial) in
            [("vda", "lunette-light\n"), ("vdb", "root"), ("vdc", "lunette-../etc"), ("vdd", "lunette-gnome")]
        {
            fs::create_dir(folder.path().join(disk)).unwrap();
            fs::write(folder.path().join(disk).join("serial"), serial).unwrap();
        }
        let expected =
            [("gnome".to_owned(), PathBuf::from("/dev/vdd")), ("light".to_owned(), PathBuf::from("/dev/vda"))];
        assert_eq!(find(folder.path()), expected);
    }
}
