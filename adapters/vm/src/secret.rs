//! The secret that a machine's frames are guarded by.

use std::fmt::Write;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::VmError;

/// Writes a new secret: 64 hexadecimal digits and a newline, readable by the owner only.
pub(crate) fn create(path: &Path) -> Result<(), VmError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(VmError::Random)?;
    let mut text = String::with_capacity(65);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(VmError::file("write the secret", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_64_digits_for_its_owner_only_and_never_twice_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let texts = ["a", "b"].map(|name| {
            let path = dir.path().join(name);
            create(&path).unwrap();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::read_to_string(path).unwrap()
        });
        assert!(texts.iter().all(|text| text.len() == 65 && text.trim_end().bytes().all(|b| b.is_ascii_hexdigit())));
        assert_ne!(texts[0], texts[1]);
    }
}
