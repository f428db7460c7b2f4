//! Which resource of a virtio-gpu device a DMA-BUF is.
//!
//! A descriptor says nothing about who exported it, so every virtio-gpu device is asked. One that did not export it either
//! refuses, or imports it as an object that has no resource.

mod ioctl;

use std::fs::{File, OpenOptions};
use std::num::NonZeroU32;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

const FOLDER: &str = "/dev/dri";
const DRIVER: &[u8] = b"virtio_gpu";

/// The virtio-gpu devices of this machine.
#[derive(Debug, Default)]
pub struct Devices(Vec<File>);

impl Devices {
    /// Opens every one that may be opened; render nodes come first, since they need no rights over a screen.
    #[must_use]
    pub fn open() -> Self {
        Self::open_in(Path::new(FOLDER))
    }

    fn open_in(folder: &Path) -> Self {
        let is_ours = |file: &File| ioctl::driver(file).is_ok_and(|name| name == DRIVER);
        let open = |path: PathBuf| OpenOptions::new().read(true).write(true).open(path).ok();
        Self(nodes(folder).into_iter().filter_map(open).filter(is_ours).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The resource handle of `buffer` on the device that exported it; `None` when none of these did.
    #[must_use]
    pub fn resource(&self, buffer: BorrowedFd<'_>) -> Option<NonZeroU32> {
        self.0.iter().find_map(|device| ioctl::resource(device, buffer).ok().and_then(NonZeroU32::new))
    }
}

/// The nodes of a folder, render nodes first.
fn nodes(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut found: Vec<_> = entries.filter_map(|entry| rank(entry.ok()?.path())).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn rank(path: PathBuf) -> Option<(u8, PathBuf)> {
    let name = path.file_name()?.to_str()?;
    let rank = if name.starts_with("renderD") {
        0
    } else if name.starts_with("card") {
        1
    } else {
        return None;
    };
    Some((rank, path))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::path::Path;

    use super::*;

    #[test]
    fn render_nodes_come_first_and_other_files_not_at_all() {
        let folder = std::env::temp_dir().join(format!("virtgpu-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["card1", "renderD129", "by-path", "card0", "renderD128"] {
            File::create(folder.join(name)).unwrap();
        }
        let found = nodes(&folder);
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["renderD128", "renderD129", "card0", "card1"]);
        assert!(Devices::open_in(&folder).is_empty(), "plain files are no devices");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_machine_without_the_device_has_no_resources() {
        assert!(Devices::open_in(Path::new("/nonexistent")).is_empty());
        let file = File::open("/dev/null").unwrap();
        assert_eq!(Devices::default().resource(file.as_fd()), None);
        assert_eq!(Devices(vec![file.try_clone().unwrap()]).resource(file.as_fd()), None);
    }
}
