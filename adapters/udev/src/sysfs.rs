//! Where sysfs has a device.

use std::fs;
use std::path::Path;

use lunette_uevent::DeviceNumber;

use crate::UdevError;

/// The path below `sys`, commonly `/sys`, of the character device with this number, as events name it.
///
/// # Errors
/// When there is no such device.
pub fn devpath(sys: &Path, number: DeviceNumber) -> Result<String, UdevError> {
    let link = sys.join("dev/char").join(number.to_string());
    let found = fs::canonicalize(&link).map_err(UdevError::file("find", &link))?;
    let sys = fs::canonicalize(sys).map_err(UdevError::file("find", sys))?;
    let below = found.strip_prefix(&sys).map_err(|_| std::io::ErrorKind::InvalidData.into());
    Ok(format!("/{}", below.map_err(UdevError::file("find", &link))?.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_card_is_where_its_link_leads() {
        let sys = tempfile::tempdir().unwrap();
        fs::create_dir_all(sys.path().join("devices/pci/drm/card0")).unwrap();
        fs::create_dir_all(sys.path().join("dev/char")).unwrap();
        symlink("../../devices/pci/drm/card0", sys.path().join("dev/char/226:0")).unwrap();
        let number = DeviceNumber { major: 226, minor: 0 };
        assert_eq!(devpath(sys.path(), number).unwrap(), "/devices/pci/drm/card0");
        assert!(devpath(sys.path(), DeviceNumber { minor: 1, ..number }).is_err());
    }
}
