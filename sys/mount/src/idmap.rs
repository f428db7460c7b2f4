//! Which owner a file is seen with.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::raw::Helper;

/// Ids on a disk, and the ids that they are seen as. All others are seen as nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdMapping {
    /// First id on the disk.
    pub stored: u32,
    /// What that is seen as.
    pub seen: u32,
    /// How many follow each other.
    pub count: u32,
}

/// A user namespace that holds a mapping and no process.
#[derive(Debug)]
pub struct UserNamespace(OwnedFd);

impl UserNamespace {
    /// A namespace with this mapping of users, and of groups.
    ///
    /// # Errors
    /// When the kernel has no user namespaces to give, or the mapping is none.
    pub fn new(users: IdMapping, groups: IdMapping) -> io::Result<Self> {
        let helper = Helper::in_user_namespace()?;
        let of = |file: &str| format!("/proc/{}/{file}", helper.pid());
        for (file, map) in [("uid_map", users), ("gid_map", groups)] {
            fs::write(of(file), format!("{} {} {}\n", map.stored, map.seen, map.count))?;
        }
        Ok(Self(File::open(of("ns/user"))?.into()))
    }

    /// The namespace.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
