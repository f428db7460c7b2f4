//! Handing outputs to other processes.

#![allow(unsafe_code)]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::OFlags;

use crate::ioctl::call_with_pointers;
use crate::raw::{CreateLease, GetLease, ListLessees, RevokeLease};
use crate::{Card, KmsError, LesseeId, ObjectId, list};

const GUESS: usize = 16;

/// A lease: whoever has the descriptor is master of what was leased, until it is revoked or its last copy closes.
#[derive(Debug)]
pub struct Lease {
    /// Its name for [`Card::revoke_lease`].
    pub lessee: LesseeId,
    /// Close-on-exec.
    pub fd: OwnedFd,
}

impl Card {
    /// Leases objects out. Needs mastery, and [`Card::enable_universal_planes`] before.
    ///
    /// # Errors
    /// `EBUSY` when one of them is leased already, `EINVAL` when there are some but no connector, no CRTC or no plane
    /// among them, or when this is itself a lease, `ENOENT` when one is unknown, `EACCES` without mastery.
    pub fn create_lease(&self, objects: &[ObjectId]) -> Result<Lease, KmsError> {
        let ids: Vec<u32> = objects.iter().map(|object| object.get()).collect();
        let mut command = CreateLease {
            object_ids: list::address(ids.as_ptr()),
            object_count: list::count("objects of a lease", ids.len())?,
            flags: OFlags::CLOEXEC.bits(),
            ..CreateLease::default()
        };
        // SAFETY: `object_ids` is readable for `object_count` ids, which the kernel only reads.
        unsafe { self.call_with_pointers("create a lease", &mut command) }?;
        // SAFETY: the kernel has just opened this descriptor for us; descriptors are non-negative, so the cast is exact.
        let fd = unsafe { OwnedFd::from_raw_fd(command.fd.cast_signed()) };
        Ok(Lease { lessee: LesseeId::new(command.lessee_id), fd })
    }

    /// Takes a lease back. Its descriptors stay open, but nothing can be set through them. Until they close it can be
    /// done again.
    ///
    /// # Errors
    /// `ENOENT` when there is no such lessee (any more), `EACCES` when another process leased to it.
    pub fn revoke_lease(&self, lessee: LesseeId) -> Result<(), KmsError> {
        self.call("revoke a lease", &mut RevokeLease { lessee_id: lessee.get() })
    }

    /// Who holds a lease of this master that was not revoked. It holds one as long as a descriptor of it is open.
    ///
    /// # Errors
    /// When the descriptor is no mode-setting device.
    pub fn lessees(&self) -> Result<Vec<LesseeId>, KmsError> {
        let lessees = list::read("lessees", GUESS, |room| {
            let (lessees_ptr, count_lessees) = (list::address(room.as_mut_ptr()), list::count("lessees", room.len())?);
            let mut command = ListLessees { count_lessees, pad: 0, lessees_ptr };
            // SAFETY: `room` is writable for `count_lessees` ids.
            unsafe { self.call_with_pointers("list its lessees", &mut command) }?;
            Ok(command.count_lessees)
        })?;
        Ok(lessees.into_iter().map(LesseeId::new).collect())
    }

    /// What a lease's descriptor holds; nothing once it is revoked.
    ///
    /// # Errors
    /// When the descriptor is no mode-setting device.
    pub fn leased_objects(lease: BorrowedFd<'_>) -> Result<Vec<ObjectId>, KmsError> {
        let objects = list::read("leased objects", GUESS, |room| {
            let (objects_ptr, count_objects) = (list::address(room.as_mut_ptr()), list::count("objects", room.len())?);
            let mut command = GetLease { count_objects, pad: 0, objects_ptr };
            // SAFETY: `room` is writable for `count_objects` ids.
            unsafe { call_with_pointers(lease, &mut command) }.map_err(KmsError::ioctl("say what is leased"))?;
            Ok(command.count_objects)
        })?;
        Ok(objects.into_iter().map(ObjectId::new).collect())
    }
}
