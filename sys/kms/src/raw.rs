//! The kernel's structs, flags and numbers.
//!
//! Layouts are those of the kernel's `uapi/drm/drm.h` and `drm_mode.h`, fields are named as there. Addresses are `u64`
//! on every machine.

#![allow(unsafe_code)]

use rustix::ioctl::{Opcode, opcode};

use crate::ioctl::{Command, Plain};

/// Group of all DRM ioctls.
const DRM: u8 = b'd';

pub(crate) const SET_MASTER: Opcode = opcode::none(DRM, 0x1e);
pub(crate) const DROP_MASTER: Opcode = opcode::none(DRM, 0x1f);

pub(crate) const CAP_UNIVERSAL_PLANES: u64 = 2;
pub(crate) const CAP_ATOMIC: u64 = 3;
pub(crate) const CAP_CURSOR_HOTSPOT: u64 = 6;
pub(crate) const FORMAT_XRGB8888: u32 = u32::from_le_bytes(*b"XR24");
pub(crate) const PAGE_FLIP_EVENT: u32 = 0x01;
pub(crate) const ATOMIC_TEST_ONLY: u32 = 0x0100;
pub(crate) const ATOMIC_NONBLOCK: u32 = 0x0200;
pub(crate) const ATOMIC_ALLOW_MODESET: u32 = 0x0400;
pub(crate) const DIRTY_MAX_CLIPS: usize = 256;
pub(crate) const EVENT_FLIP_COMPLETE: u32 = 2;
pub(crate) const MODE_TYPE_PREFERRED: u32 = 1 << 3;

macro_rules! command {
    ($direction:ident $number:literal $name:ident { $($field:ident: $type:ty,)* }) => {
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
        }

        // SAFETY: the layout and the number are those of the kernel's headers, which the tests below repeat; every
        // field is an integer, so any bytes are valid.
        unsafe impl Command for $name {
            const OPCODE: Opcode = opcode::$direction::<Self>(DRM, $number);
        }
    };
    (plain $direction:ident $number:literal $name:ident { $($field:ident: $type:ty,)* }) => {
        command!($direction $number $name { $($field: $type,)* });

        // SAFETY: no field is an address.
        unsafe impl Plain for $name {}
    };
}

command!(read_write 0x00 Version {
    version_major: i32, version_minor: i32, version_patchlevel: i32,
    name_len: usize, name: usize, date_len: usize, date: usize, desc_len: usize, desc: usize,
});
command!(plain write 0x0d SetClientCap { capability: u64, value: u64, });
command!(plain write 0x11 AuthMagic { magic: u32, });
command!(plain read_write 0x2d PrimeHandleToFd { handle: u32, flags: u32, fd: i32, });
command!(read_write 0xa0 CardResources {
    fb_id_ptr: u64, crtc_id_ptr: u64, connector_id_ptr: u64, encoder_id_ptr: u64,
    count_fbs: u32, count_crtcs: u32, count_connectors: u32, count_encoders: u32,
    min_width: u32, max_width: u32, min_height: u32, max_height: u32,
});
command!(read_write 0xa2 SetCrtc {
    set_connectors_ptr: u64, count_connectors: u32,
    crtc_id: u32, fb_id: u32, x: u32, y: u32, gamma_size: u32, mode_valid: u32, mode: ModeInfo,
});
command!(plain read_write 0xa6 GetEncoder {
    encoder_id: u32, encoder_type: u32, crtc_id: u32, possible_crtcs: u32, possible_clones: u32,
});
command!(read_write 0xa7 GetConnector {
    encoders_ptr: u64, modes_ptr: u64, props_ptr: u64, prop_values_ptr: u64,
    count_modes: u32, count_props: u32, count_encoders: u32,
    encoder_id: u32, connector_id: u32, connector_type: u32, connector_type_id: u32,
    connection: u32, mm_width: u32, mm_height: u32, subpixel: u32, pad: u32,
});
command!(read_write 0xaa GetProperty {
    values_ptr: u64, enum_blob_ptr: u64, prop_id: u32, flags: u32, name: [u8; 32],
    count_values: u32, count_enum_blobs: u32,
});
command!(plain read_write 0xaf RemoveFramebuffer { fb_id: u32, });
command!(plain read_write 0xb0 PageFlip { crtc_id: u32, fb_id: u32, flags: u32, reserved: u32, user_data: u64, });
command!(read_write 0xb1 DirtyFramebuffer { fb_id: u32, flags: u32, color: u32, num_clips: u32, clips_ptr: u64, });
command!(plain read_write 0xb2 CreateDumb {
    height: u32, width: u32, bpp: u32, flags: u32, handle: u32, pitch: u32, size: u64,
});
command!(plain read_write 0xb3 MapDumb { handle: u32, pad: u32, offset: u64, });
command!(plain read_write 0xb4 DestroyDumb { handle: u32, });
command!(read_write 0xb5 GetPlaneResources { plane_id_ptr: u64, count_planes: u32, });
command!(read_write 0xb6 GetPlane {
    plane_id: u32, crtc_id: u32, fb_id: u32, possible_crtcs: u32, gamma_size: u32,
    count_format_types: u32, format_type_ptr: u64,
});
command!(plain read_write 0xb8 AddFramebuffer {
    fb_id: u32, width: u32, height: u32, pixel_format: u32, flags: u32,
    handles: [u32; 4], pitches: [u32; 4], offsets: [u32; 4], modifier: [u64; 4],
});
command!(read_write 0xb9 ObjectProperties {
    props_ptr: u64, prop_values_ptr: u64, count_props: u32, obj_id: u32, obj_type: u32,
});
command!(read_write 0xbc Atomic {
    flags: u32, count_objs: u32, objs_ptr: u64, count_props_ptr: u64, props_ptr: u64, prop_values_ptr: u64,
    reserved: u64, user_data: u64,
});
command!(read_write 0xbd CreateBlob { data: u64, length: u32, blob_id: u32, });
command!(plain read_write 0xbe DestroyBlob { blob_id: u32, });
command!(read_write 0xc6 CreateLease {
    object_ids: u64, object_count: u32, flags: u32, lessee_id: u32, fd: u32,
});
command!(read_write 0xc7 ListLessees { count_lessees: u32, pad: u32, lessees_ptr: u64, });
command!(read_write 0xc8 GetLease { count_objects: u32, pad: u32, objects_ptr: u64, });
command!(plain read_write 0xc9 RevokeLease { lessee_id: u32, });
command!(plain read_write 0xd0 CloseFramebuffer { fb_id: u32, pad: u32, });

/// Timings of a mode.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ModeInfo {
    pub(crate) clock: u32,
    pub(crate) hdisplay: u16,
    pub(crate) hsync_start: u16,
    pub(crate) hsync_end: u16,
    pub(crate) htotal: u16,
    pub(crate) hskew: u16,
    pub(crate) vdisplay: u16,
    pub(crate) vsync_start: u16,
    pub(crate) vsync_end: u16,
    pub(crate) vtotal: u16,
    pub(crate) vscan: u16,
    pub(crate) vrefresh: u32,
    pub(crate) flags: u32,
    pub(crate) kind: u32,
    pub(crate) name: [u8; 32],
}

/// A rectangle of `DIRTYFB`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClipRect {
    pub(crate) x1: u16,
    pub(crate) y1: u16,
    pub(crate) x2: u16,
    pub(crate) y2: u16,
}

/// A rectangle of the property `FB_DAMAGE_CLIPS`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DamageRect {
    pub(crate) x1: i32,
    pub(crate) y1: i32,
    pub(crate) x2: i32,
    pub(crate) y2: i32,
}

/// The text of a field that ends at its first NUL.
pub(crate) fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    fn number<T: Command>() -> Opcode {
        T::OPCODE
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn numbers_are_those_of_the_kernel() {
        assert_eq!((SET_MASTER, DROP_MASTER), (0x641e, 0x641f));
        let numbers: [(Opcode, Opcode); 24] = [
            (number::<Version>(), 0xc040_6400),
            (number::<SetClientCap>(), 0x4010_640d),
            (number::<AuthMagic>(), 0x4004_6411),
            (number::<PrimeHandleToFd>(), 0xc00c_642d),
            (number::<CardResources>(), 0xc040_64a0),
            (number::<SetCrtc>(), 0xc068_64a2),
            (number::<GetEncoder>(), 0xc014_64a6),
            (number::<GetConnector>(), 0xc050_64a7),
            (number::<GetProperty>(), 0xc040_64aa),
            (number::<RemoveFramebuffer>(), 0xc004_64af),
            (number::<PageFlip>(), 0xc018_64b0),
            (number::<DirtyFramebuffer>(), 0xc018_64b1),
            (number::<CreateDumb>(), 0xc020_64b2),
            (number::<MapDumb>(), 0xc010_64b3),
            (number::<DestroyDumb>(), 0xc004_64b4),
            (number::<GetPlaneResources>(), 0xc010_64b5),
            (number::<GetPlane>(), 0xc020_64b6),
            (number::<AddFramebuffer>(), 0xc068_64b8),
            (number::<ObjectProperties>(), 0xc020_64b9),
            (number::<Atomic>(), 0xc038_64bc),
            (number::<CreateBlob>(), 0xc010_64bd),
            (number::<DestroyBlob>(), 0xc004_64be),
            (number::<CloseFramebuffer>(), 0xc008_64d0),
            (number::<RevokeLease>(), 0xc004_64c9),
        ];
        for (ours, kernel) in numbers {
            assert_eq!(ours, kernel, "{ours:#x} is not {kernel:#x}");
        }
    }

    #[test]
    fn numbers_of_leases_are_those_of_the_kernel() {
        assert_eq!(number::<CreateLease>(), 0xc018_64c6);
        assert_eq!(number::<ListLessees>(), 0xc010_64c7);
        assert_eq!(number::<GetLease>(), 0xc010_64c8);
    }

    #[test]
    fn fields_are_where_the_kernel_has_them() {
        assert_eq!((size_of::<ModeInfo>(), offset_of!(ModeInfo, vrefresh), offset_of!(ModeInfo, name)), (68, 24, 36));
        assert_eq!((offset_of!(SetCrtc, crtc_id), offset_of!(SetCrtc, mode)), (12, 36));
        assert_eq!((offset_of!(GetConnector, count_modes), offset_of!(GetConnector, connection)), (32, 60));
        assert_eq!((offset_of!(GetProperty, name), offset_of!(GetProperty, count_values)), (24, 56));
        assert_eq!((offset_of!(GetPlane, count_format_types), offset_of!(GetPlane, format_type_ptr)), (20, 24));
        assert_eq!((offset_of!(AddFramebuffer, handles), offset_of!(AddFramebuffer, modifier)), (20, 72));
        assert_eq!((offset_of!(Atomic, objs_ptr), offset_of!(Atomic, user_data)), (8, 48));
        assert_eq!((offset_of!(CreateLease, lessee_id), offset_of!(CreateLease, fd)), (16, 20));
        assert_eq!((offset_of!(CreateDumb, handle), offset_of!(CreateDumb, size)), (16, 24));
        assert_eq!((size_of::<ClipRect>(), size_of::<DamageRect>()), (8, 16));
    }

    #[test]
    fn text_ends_at_the_first_nul_or_with_the_field() {
        assert_eq!(text(b"type\0\0rubbish"), "type");
        assert_eq!(text(b"full"), "full");
    }
}
