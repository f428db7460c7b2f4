//! File systems and binds.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::CWD;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_change, move_mount, open_tree,
};

use crate::{MountError, UserNamespace, raw};

/// What is not possible below a mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Nothing can be written.
    pub read_only: bool,
    /// Device nodes cannot be opened.
    pub no_devices: bool,
    /// Nothing can be executed.
    pub no_exec: bool,
}

impl Flags {
    /// Set-user-id programs never count: no mount of ours needs them.
    fn legacy(self) -> MountFlags {
        let mut flags = MountFlags::NOSUID;
        flags.set(MountFlags::RDONLY, self.read_only);
        flags.set(MountFlags::NODEV, self.no_devices);
        flags.set(MountFlags::NOEXEC, self.no_exec);
        flags
    }

    fn attributes(self) -> u64 {
        let bit = |on: bool, bit: u64| if on { bit } else { 0 };
        libc::MOUNT_ATTR_NOSUID
            | bit(self.read_only, libc::MOUNT_ATTR_RDONLY)
            | bit(self.no_devices, libc::MOUNT_ATTR_NODEV)
            | bit(self.no_exec, libc::MOUNT_ATTR_NOEXEC)
    }
}

/// Mounts `source`, a folder or a file, at `target` too; with `ids`, its owners are seen through that mapping. What is
/// mounted below `source` stays behind.
///
/// # Errors
/// When a path is missing, or the file system under `source` cannot be mapped.
pub fn bind(source: &Path, target: &Path, flags: Flags, ids: Option<&UserNamespace>) -> Result<(), MountError> {
    let tree = open_tree(CWD, source, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .map_err(MountError::at("clone the mount at", source))?;
    let step = if ids.is_some() { "map the ids of" } else { "restrict" };
    raw::set_attributes(&tree, flags.attributes(), ids.map(UserNamespace::as_fd))
        .map_err(MountError::at(step, source))?;
    move_mount(&tree, "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(MountError::at("mount at", target))
}

/// An empty file system in memory, of at most `mib` MiB; `mode` is that of its top folder.
///
/// # Errors
/// When the kernel refuses.
pub fn tmpfs(target: &Path, mib: u32, mode: u32, flags: Flags) -> Result<(), MountError> {
    let data = CString::new(format!("size={mib}m,mode={mode:o}")).map_err(no_text("mount a tmpfs at", target))?;
    mount("lunette", target, "tmpfs", flags.legacy(), data.as_c_str())
        .and_then(|()| mount_change(target, MountPropagationFlags::PRIVATE))
        .map_err(MountError::at("mount a tmpfs at", target))
}

/// `lower` with what was changed in `upper`; `work` is an empty folder beside `upper`.
///
/// # Errors
/// When the kernel refuses, or a path holds a comma, colon or backslash, which separate options.
pub fn overlay(lower: &Path, upper: &Path, work: &Path, target: &Path, flags: Flags) -> Result<(), MountError> {
    let step = "mount an overlay at";
    let mut data = Vec::new();
    for (option, path) in [("lowerdir=", lower), (",upperdir=", upper), (",workdir=", work)] {
        if path.as_os_str().as_bytes().iter().any(|byte| b",:\\".contains(byte)) {
            return Err(MountError::at(step, path)(io::Error::from(io::ErrorKind::InvalidInput)));
        }
        data.extend_from_slice(option.as_bytes());
        data.extend_from_slice(path.as_os_str().as_bytes());
    }
    let data = CString::new(data).map_err(no_text(step, target))?;
    mount("lunette", target, "overlay", flags.legacy(), data.as_c_str())
        .and_then(|()| mount_change(target, MountPropagationFlags::PRIVATE))
        .map_err(MountError::at(step, target))
}

fn no_text<E>(step: &'static str, path: &Path) -> impl FnOnce(E) -> MountError {
    let error = MountError::at(step, path);
    move |_| error(io::Error::from(io::ErrorKind::InvalidInput))
}
