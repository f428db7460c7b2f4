//! QEMU's `key=value,key=value` options.

use std::path::Path;

use crate::error::VmError;

/// One option under construction. Commas in values are doubled, as QEMU wants it.
#[derive(Debug, Clone)]
pub(crate) struct QemuOption(String);

impl QemuOption {
    /// Starts with what QEMU takes without a key, like a device's name.
    pub(crate) fn new(kind: &str) -> Self {
        Self(kind.to_owned())
    }

    pub(crate) fn with(mut self, key: &str, value: &(impl ToString + ?Sized)) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(key);
        self.0.push('=');
        self.0.push_str(&value.to_string().replace(',', ",,"));
        self
    }

    pub(crate) fn with_path(self, key: &str, path: &Path) -> Result<Self, VmError> {
        Ok(self.with(key, utf8(path)?))
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// A path as an argument that stands alone.
pub(crate) fn utf8(path: &Path) -> Result<&str, VmError> {
    let why = "QEMU's options are UTF-8";
    path.to_str().ok_or_else(|| VmError::Setting { what: "a path", given: path.display().to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_value_starts_no_new_option() {
        let option = QemuOption::new("local").with("id", "x").with_path("path", Path::new("/a,readonly=off")).unwrap();
        assert_eq!(option.finish(), "local,id=x,path=/a,,readonly=off");
    }
}
