//! Files of `guest/`: those in this program, or those in a folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::error::io_error;
use crate::{Error, Result};

macro_rules! embedded {
    ($($name:literal,)*) => {
        /// Files of `guest/` by the name that the recipe uses.
        pub(crate) const EMBEDDED: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../../guest/", $name)))),*];
    };
}

embedded![
    "recipe.toml",
    "test/init",
    "test/inittab",
    "test/power",
    "test/passwd",
    "test/group",
    "test/boot",
    "test/drm-manager",
    "test/shells",
    "test/lunette-shells.service",
    "desktop/init",
    "desktop/lunette-ready.service",
    "desktop/lunette-power.service",
    "desktop/power",
    "desktop/journald.conf",
    "desktop/udev-trigger.conf",
    "desktop/controllers.conf",
    "desktop/sysctl.conf",
    "desktop/drm-manager.conf",
    "desktop/hydra.conf",
    "desktop/fstab",
    "desktop/hostname",
    "desktop/machine-id",
    "desktop/resolv.conf",
    "systemd/drm-manager.service",
    "systemd/hydra.service",
    "profiles/common.toml",
    "profiles/gnome.toml",
    "profiles/light.toml",
    "profiles/sway.toml",
    "profiles/weston.toml",
    "profiles/firefox/lunette.js",
    "profiles/firefox/policies.json",
    "profiles/gnome/lunette.gschema.override",
    "profiles/gnome/pipewire.conf",
    "profiles/light/autostart",
    "profiles/light/fuzzel.ini",
    "profiles/light/menu.xml",
    "profiles/light/rc.xml",
    "profiles/light/waybar.css",
    "profiles/light/waybar.jsonc",
    "profiles/session/background",
    "profiles/session/gnome",
    "profiles/session/resize",
    "profiles/session/session",
    "profiles/session/session-bus.conf",
    "profiles/session/system-bus.conf",
    "profiles/session/weston",
    "profiles/session/wlroots",
    "profiles/sway/config",
    "profiles/sway/status",
];

/// Where files are taken from by name.
#[derive(Debug, Clone)]
pub(crate) enum Files {
    /// From this program, below a folder of `guest/`: empty, or with a slash at its end.
    Embedded(&'static str),
    /// From a folder.
    Folder(PathBuf),
}

impl Files {
    /// The bytes of a file.
    pub(crate) fn read(&self, source: &str) -> Result<Vec<u8>> {
        if !Path::new(source).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(Error::Recipe(format!("{source:?} is not a file beside the recipe")));
        }
        match self {
            Self::Folder(folder) => {
                let path = folder.join(source);
                fs::read(&path).map_err(io_error("read", &path))
            }
            Self::Embedded(folder) => EMBEDDED
                .iter()
                .find(|(name, _)| name.strip_prefix(folder) == Some(source))
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| Error::Recipe(format!("{folder}{source} is not among the files of this program"))),
        }
    }

    /// The text of a file.
    pub(crate) fn read_text(&self, source: &str) -> Result<String> {
        String::from_utf8(self.read(source)?).map_err(|_| Error::Recipe(format!("{source} is not UTF-8")))
    }
}

/// A file in this program that the code, not a recipe, names.
pub(crate) fn embedded(name: &str) -> Vec<u8> {
    Files::Embedded("").read(name).expect("a test looks for every name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_below(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                names_below(&entry.path(), &format!("{name}/"), names);
            } else {
                names.push(name);
            }
        }
    }

    use std::result::Result;

    #[test]
    fn every_file_of_the_guest_is_in_this_program() {
        let mut found = Vec::new();
        names_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest"), "", &mut found);
        found.retain(|name| !name.ends_with("README.md"));
        found.sort();
        let mut embedded: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
        embedded.sort_unstable();
        assert_eq!(found, embedded);
    }
}
