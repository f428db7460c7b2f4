//! The parts of x264's structs that have no string option.
//!
//! [`Param`] is opaque but for three integers. [`Picture`] and [`Nal`] are declared as far as we use them. All of it
//! holds for builds 155 to 165; `probe.rs` checks it against the library at hand before anything relies on it.

use std::ffi::{c_int, c_void};

/// `X264_CSP_I420`.
pub(crate) const CSP_I420: c_int = 2;
/// `X264_TYPE_AUTO`.
pub(crate) const TYPE_AUTO: c_int = 0;
/// `X264_TYPE_IDR`.
pub(crate) const TYPE_IDR: c_int = 1;

/// Room for an `x264_param_t` of any build; build 164 needs 1024 bytes.
#[repr(C, align(16))]
pub(crate) struct Param(pub(crate) [u8; Self::CAPACITY]);

impl Param {
    pub(crate) const CAPACITY: usize = 4096;
    pub(crate) const THREADS: usize = 4;
    pub(crate) const SYNC_LOOKAHEAD: usize = 24;
    pub(crate) const WIDTH: usize = 28;
    pub(crate) const HEIGHT: usize = 32;
    pub(crate) const CSP: usize = 36;
    pub(crate) const BIT_DEPTH: usize = 40;
    pub(crate) const LEVEL: usize = 44;

    pub(crate) fn filled(byte: u8) -> Box<Self> {
        Box::new(Self([byte; Self::CAPACITY]))
    }

    pub(crate) fn int(&self, offset: usize) -> c_int {
        let mut bytes = [0; size_of::<c_int>()];
        bytes.copy_from_slice(&self.0[offset..offset + size_of::<c_int>()]);
        c_int::from_ne_bytes(bytes)
    }

    pub(crate) fn set_int(&mut self, offset: usize, value: c_int) {
        self.0[offset..offset + size_of::<c_int>()].copy_from_slice(&value.to_ne_bytes());
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast()
    }
}

/// `x264_image_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Image {
    pub(crate) csp: c_int,
    pub(crate) plane_count: c_int,
    pub(crate) strides: [c_int; 4],
    pub(crate) planes: [*mut u8; 4],
}

/// `x264_picture_t`, then spare room.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Picture {
    pub(crate) kind: c_int,
    pub(crate) qp_plus_one: c_int,
    pub(crate) pic_struct: c_int,
    pub(crate) keyframe: c_int,
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    pub(crate) param: *mut c_void,
    pub(crate) image: Image,
    /// Properties, HRD times, SEI and an opaque pointer, 144 bytes in build 164.
    pub(crate) rest: [u64; Self::REST],
}

impl Picture {
    const REST: usize = 64;

    pub(crate) const fn filled(byte: u8) -> Self {
        let word = u64::from_ne_bytes([byte; 8]);
        let int = c_int::from_ne_bytes([byte; size_of::<c_int>()]);
        let image = Image { csp: int, plane_count: int, strides: [int; 4], planes: [std::ptr::null_mut(); 4] };
        let pts = i64::from_ne_bytes([byte; 8]);
        Self {
            kind: int,
            qp_plus_one: int,
            pic_struct: int,
            keyframe: int,
            pts,
            dts: pts,
            param: std::ptr::null_mut(),
            image,
            rest: [word; Self::REST],
        }
    }
}

/// `x264_nal_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Nal {
    pub(crate) ref_idc: c_int,
    pub(crate) kind: c_int,
    pub(crate) long_start_code: c_int,
    pub(crate) first_mb: c_int,
    pub(crate) last_mb: c_int,
    pub(crate) payload_len: c_int,
    pub(crate) payload: *mut u8,
    pub(crate) padding: c_int,
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn structs_lie_as_the_header_of_build_164_says() {
        assert_eq!(size_of::<Image>(), 56);
        assert_eq!(size_of::<Nal>(), 40);
        assert_eq!([offset_of!(Nal, kind), offset_of!(Nal, payload_len), offset_of!(Nal, payload)], [4, 20, 24]);
        assert_eq!(
            [offset_of!(Picture, qp_plus_one), offset_of!(Picture, keyframe), offset_of!(Picture, pts)],
            [4, 12, 16]
        );
        assert_eq!([offset_of!(Picture, param), offset_of!(Picture, image), offset_of!(Picture, rest)], [32, 40, 96]);
        assert_eq!([offset_of!(Image, strides), offset_of!(Image, planes)], [8, 24]);
        assert!(size_of::<Picture>() >= 240 + 256, "no room to spare");
        assert!(align_of::<Param>() >= align_of::<*const u8>());
    }

    #[test]
    fn integers_of_the_opaque_struct_are_read_where_they_were_written() {
        let mut param = Param::filled(0);
        param.set_int(Param::HEIGHT, -7);
        assert_eq!((param.int(Param::WIDTH), param.int(Param::HEIGHT), param.int(Param::CSP)), (0, -7, 0));
    }
}
