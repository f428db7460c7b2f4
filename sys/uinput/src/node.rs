//! Where a device is found once the kernel has made it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::UinputError;

/// Where sysfs shows devices that no hardware is behind.
pub(crate) const SYSFS: &str = "/sys/devices/virtual/input";
/// evdev is there at once, unless it is a module that is loaded first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
pub(crate) const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Names of a device and of the node that tells its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The device, such as `input5`.
    pub input: String,
    /// The node, such as `event3`: below `/dev/input`, and in sysfs below the device.
    pub event: String,
    /// Major and minor number of the node.
    pub number: (u32, u32),
}

impl Node {
    /// Path of the node.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new("/dev/input").join(&self.event)
    }

    /// The device's path below `/sys`, as its events name it.
    #[must_use]
    pub fn devpath(&self) -> String {
        format!("/devices/virtual/input/{}", self.input)
    }
}

/// Waits for the node of the device `input` below `sysfs`.
pub(crate) fn wait_for(sysfs: &Path, input: &str) -> Result<Node, UinputError> {
    let folder = sysfs.join(input);
    let start = Instant::now();
    loop {
        if let Some(node) = look(&folder, input) {
            return Ok(node);
        }
        if start.elapsed() > PATIENCE {
            return Err(UinputError::NoNode { folder });
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

fn look(folder: &Path, input: &str) -> Option<Node> {
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let event = names.into_iter().find(|name| name.starts_with("event"))?;
    let dev = fs::read_to_string(folder.join(&event).join("dev")).ok()?;
    let (major, minor) = dev.trim_end().split_once(':')?;
    Some(Node { input: input.to_owned(), event, number: (major.parse().ok()?, minor.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_is_the_one_that_sysfs_shows_below_the_device() {
        let sysfs = std::env::temp_dir().join(format!("lunette-uinput-{}", std::process::id()));
        let event = sysfs.join("input5/event3");
        fs::create_dir_all(&event).unwrap();
        fs::create_dir_all(sysfs.join("input5/capabilities")).unwrap();
        fs::write(event.join("dev"), "13:67\n").unwrap();
        let node = wait_for(&sysfs, "input5");
        fs::remove_dir_all(&sysfs).unwrap();
        let node = node.unwrap();
        assert_eq!((node.event.as_str(), node.number), ("event3", (13, 67)));
        assert_eq!(node.path(), Path::new("/dev/input/event3"));
        assert_eq!(node.devpath(), "/devices/virtual/input/input5");
    }
}
