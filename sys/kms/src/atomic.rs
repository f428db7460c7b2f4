//! Many changes that take effect together.

#![allow(unsafe_code)]

use std::ops::BitOr;

use lunette_frame::Rect;

use crate::raw::{self, Atomic, DamageRect};
use crate::{Blob, Card, KmsError, ObjectId, PropertyId, list};

/// Property values to set in one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AtomicRequest {
    objects: Vec<u32>,
    /// How many of the properties belong to each object.
    counts: Vec<u32>,
    properties: Vec<u32>,
    values: Vec<u64>,
}

impl AtomicRequest {
    /// A request that changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property. Properties of one object are best added one after the other.
    pub fn add(&mut self, object: impl Into<ObjectId>, property: PropertyId, value: u64) -> &mut Self {
        let object = object.into().get();
        match (self.objects.last(), self.counts.last_mut()) {
            (Some(last), Some(count)) if *last == object => *count += 1,
            _ => {
                self.objects.push(object);
                self.counts.push(1);
            }
        }
        self.properties.push(property.get());
        self.values.push(value);
        self
    }

    /// Forgets every value and keeps the memory.
    pub fn clear(&mut self) {
        self.objects.clear();
        self.counts.clear();
        self.properties.clear();
        self.values.clear();
    }
}

/// How a commit is done; combined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitFlags(u32);

impl CommitFlags {
    /// Wait until it is done, and send no event.
    pub const BLOCKING: Self = Self(0);
    /// Return at once.
    pub const NONBLOCKING: Self = Self(raw::ATOMIC_NONBLOCK);
    /// Only find out whether it would work.
    pub const TEST: Self = Self(raw::ATOMIC_TEST_ONLY);
    /// Modes may change, CRTCs go on and off.
    pub const MODESET: Self = Self(raw::ATOMIC_ALLOW_MODESET);
    /// Send an event when it is done.
    pub const EVENT: Self = Self(raw::PAGE_FLIP_EVENT);
}

impl BitOr for CommitFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Card {
    /// Commits a request; its events carry `user_data`.
    ///
    /// # Errors
    /// `EBUSY` while an earlier commit is under way, `ENOENT` or `EACCES` once a lease is revoked, `EINVAL` when the
    /// driver cannot do it.
    pub fn commit(&self, request: &AtomicRequest, flags: CommitFlags, user_data: u64) -> Result<(), KmsError> {
        let mut command = Atomic {
            flags: flags.0,
            count_objs: list::count("objects", request.objects.len())?,
            objs_ptr: list::address(request.objects.as_ptr()),
            count_props_ptr: list::address(request.counts.as_ptr()),
            props_ptr: list::address(request.properties.as_ptr()),
            prop_values_ptr: list::address(request.values.as_ptr()),
            reserved: 0,
            user_data,
        };
        // SAFETY: there are as many counts as objects, and as many properties and values as the counts sum up to;
        // the kernel only reads them.
        unsafe { self.call_with_pointers("commit a change", &mut command) }
    }

    /// Hands rectangles to the kernel, for the property `FB_DAMAGE_CLIPS` of a plane.
    ///
    /// # Errors
    /// When there is none, or the kernel has no memory for them.
    pub fn create_damage_blob(&self, damage: &[Rect]) -> Result<Blob, KmsError> {
        let clips: Vec<DamageRect> = damage.iter().map(clip).collect();
        // SAFETY: the kernel's struct has no padding.
        unsafe { self.create_blob_of(&clips) }
    }
}

fn clip(rect: &Rect) -> DamageRect {
    let edge = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    DamageRect { x1: edge(rect.x), y1: edge(rect.y), x2: edge(rect.right()), y2: edge(rect.bottom()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_object_are_grouped() {
        let (plane, crtc) = (ObjectId::new(33), ObjectId::new(37));
        let mut request = AtomicRequest::new();
        request.add(plane, PropertyId::new(1), 10).add(plane, PropertyId::new(2), 20);
        request.add(crtc, PropertyId::new(3), 30);
        let expected = AtomicRequest {
            objects: vec![33, 37],
            counts: vec![2, 1],
            properties: vec![1, 2, 3],
            values: vec![10, 20, 30],
        };
        assert_eq!(request, expected);
        request.clear();
        assert_eq!(request, AtomicRequest::new());
    }

    #[test]
    fn flags_combine() {
        let flags = CommitFlags::NONBLOCKING | CommitFlags::EVENT;
        assert_eq!(flags, CommitFlags(0x201));
    }

    #[test]
    fn clips_have_corners_instead_of_sizes() {
        assert_eq!(clip(&Rect::new(8, 16, 64, 32)), DamageRect { x1: 8, y1: 16, x2: 72, y2: 48 });
        assert_eq!(clip(&Rect::new(0, 0, u32::MAX, 1)).x2, i32::MAX);
    }
}
