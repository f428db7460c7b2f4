//! Named attributes of objects.

#![allow(unsafe_code)]

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use crate::raw::{self, CreateBlob, DestroyBlob, GetProperty, ObjectProperties};
use crate::{BlobId, Card, KmsError, Mode, ObjectId, PropertyId, ioctl, list};

const GUESS: usize = 64;

/// The properties of one object at one moment.
#[derive(Debug, Clone)]
pub struct Properties {
    object: ObjectId,
    entries: Vec<(String, PropertyId, u64)>,
}

impl Properties {
    /// Whose they are.
    #[must_use]
    pub fn object(&self) -> ObjectId {
        self.object
    }

    /// Id and value of a property, if the object has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(PropertyId, u64)> {
        self.entries.iter().find(|(known, ..)| known == name).map(|(_, id, value)| (*id, *value))
    }

    /// The id of a property that the object must have.
    ///
    /// # Errors
    /// When it has not; atomic properties show only after [`Card::enable_atomic`].
    pub fn id(&self, name: &'static str) -> Result<PropertyId, KmsError> {
        self.required(name).map(|(id, _)| id)
    }

    /// The value of a property that the object must have.
    ///
    /// # Errors
    /// When it has not.
    pub fn value(&self, name: &'static str) -> Result<u64, KmsError> {
        self.required(name).map(|(_, value)| value)
    }

    fn required(&self, name: &'static str) -> Result<(PropertyId, u64), KmsError> {
        self.get(name).ok_or(KmsError::NoProperty { object: self.object.get(), property: name })
    }
}

/// A value too long for a property, kept by the kernel until this is dropped. A mode in use stays in use.
#[derive(Debug)]
pub struct Blob {
    fd: Arc<OwnedFd>,
    id: BlobId,
}

impl Blob {
    /// What a property is set to.
    #[must_use]
    pub fn id(&self) -> BlobId {
        self.id
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        // The kernel forgets it with the descriptor at the latest.
        let _ = ioctl::call(self.fd.as_fd(), &mut DestroyBlob { blob_id: self.id.get() });
    }
}

impl Card {
    /// The properties of an object. Waits for every lock of mode setting.
    ///
    /// # Errors
    /// When there is no such object.
    pub fn properties(&self, object: impl Into<ObjectId>) -> Result<Properties, KmsError> {
        let object = object.into();
        let mut values = Vec::new();
        let ids = list::read("properties", GUESS, |ids| {
            values = vec![0_u64; ids.len()];
            let mut command = ObjectProperties {
                props_ptr: list::address(ids.as_mut_ptr()),
                prop_values_ptr: list::address(values.as_mut_ptr()),
                count_props: list::count("properties", ids.len())?,
                obj_id: object.get(),
                // 0 is any type.
                obj_type: 0,
            };
            // SAFETY: both lists are writable for `count_props` entries.
            unsafe { self.call_with_pointers("list the properties of an object", &mut command) }?;
            Ok(command.count_props)
        })?;
        let named = |(id, value): (u32, u64)| Ok((self.property_name(id)?, PropertyId::new(id), value));
        let entries = ids.into_iter().zip(values).map(named).collect::<Result<_, KmsError>>()?;
        Ok(Properties { object, entries })
    }

    fn property_name(&self, prop_id: u32) -> Result<String, KmsError> {
        let mut command = GetProperty { prop_id, ..GetProperty::default() };
        // SAFETY: the number of values and of names asked for is 0.
        unsafe { self.call_with_pointers("name a property", &mut command) }?;
        Ok(raw::text(&command.name))
    }

    /// Hands a value to the kernel.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn create_blob(&self, bytes: &[u8]) -> Result<Blob, KmsError> {
        // SAFETY: bytes are bytes.
        unsafe { self.create_blob_of(bytes) }
    }

    /// Hands a mode to the kernel, for the property `MODE_ID` of a CRTC.
    ///
    /// # Errors
    /// When the kernel has no memory for it.
    pub fn create_mode_blob(&self, mode: &Mode) -> Result<Blob, KmsError> {
        // SAFETY: the kernel's struct has no padding.
        unsafe { self.create_blob_of(std::slice::from_ref(&mode.0)) }
    }

    /// Hands a list of the kernel's structs to it.
    ///
    /// # Safety
    /// `T` has no padding.
    pub(crate) unsafe fn create_blob_of<T>(&self, list: &[T]) -> Result<Blob, KmsError> {
        let length = list::count("bytes of a value", size_of_val(list))?;
        let mut command = CreateBlob { data: list::address(list.as_ptr()), length, blob_id: 0 };
        // SAFETY: `data` is readable for `length` bytes, which the kernel only reads.
        unsafe { self.call_with_pointers("keep a value", &mut command) }?;
        Ok(Blob { fd: self.share(), id: BlobId::new(command.blob_id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_by_name() {
        let entries = vec![("type".to_owned(), PropertyId::new(7), 1), ("zpos".to_owned(), PropertyId::new(9), 0)];
        let properties = Properties { object: ObjectId::new(33), entries };
        assert_eq!(properties.get("zpos"), Some((PropertyId::new(9), 0)));
        assert_eq!((properties.id("type").ok(), properties.value("type").ok()), (Some(PropertyId::new(7)), Some(1)));
        let missing = properties.id("FB_ID").expect_err("is not there").to_string();
        assert_eq!(missing, "object 33 has no property `FB_ID`");
    }
}
