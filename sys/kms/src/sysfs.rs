//! What can be read without any lock.

use std::path::Path;
use std::{fs, io};

use crate::ConnectorStatus;

/// Whether a screen is plugged in, as `/sys/class/drm/card0-Virtual-2/status` says: unlike an ioctl this waits for
/// nobody who is setting a mode. `root` is `/sys/class/drm`, `card` is `card0`, `connector` is `Virtual-2`.
///
/// # Errors
/// When there is no such connector.
pub fn connector_status(root: &Path, card: &str, connector: &str) -> io::Result<ConnectorStatus> {
    let status = fs::read_to_string(root.join(format!("{card}-{connector}")).join("status"))?;
    Ok(match status.trim_end() {
        "connected" => ConnectorStatus::Connected,
        "disconnected" => ConnectorStatus::Disconnected,
        _ => ConnectorStatus::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A directory that looks like `/sys/class/drm`.
    struct Root(PathBuf);

    impl Root {
        fn new(status: &str) -> Self {
            let name = format!("lunette-sysfs-{}-{}", std::process::id(), status.trim_end());
            let root = std::env::temp_dir().join(name);
            fs::create_dir_all(root.join("card0-Virtual-2")).expect("a directory");
            fs::write(root.join("card0-Virtual-2/status"), status).expect("a file");
            Self(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_word_in_the_file_is_the_state() {
        let expected = [
            ("connected\n", ConnectorStatus::Connected),
            ("disconnected\n", ConnectorStatus::Disconnected),
            ("unknown\n", ConnectorStatus::Unknown),
        ];
        for (word, status) in expected {
            let root = Root::new(word);
            assert_eq!(connector_status(&root.0, "card0", "Virtual-2").expect("is there"), status);
        }
    }

    #[test]
    fn a_missing_connector_is_an_error() {
        let root = Root::new("connected");
        let error = connector_status(&root.0, "card0", "Virtual-9").expect_err("is not there");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
