//! Finding the library and its functions.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use crate::Error;
use crate::layout::{Nal, Param, Picture};
use crate::probe;

/// Builds whose structs we know, newest first.
const BUILDS: [u32; 8] = [165, 164, 163, 161, 160, 159, 157, 155];

type ParamFn = unsafe extern "C" fn(*mut c_void);
type PresetFn = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> c_int;
type ProfileFn = unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int;
type PictureFn = unsafe extern "C" fn(*mut Picture);
type AllocFn = unsafe extern "C" fn(*mut Picture, c_int, c_int, c_int) -> c_int;
type OpenFn = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
type EncodeFn = unsafe extern "C" fn(*mut c_void, *mut *mut Nal, *mut c_int, *mut Picture, *mut Picture) -> c_int;

/// The functions that we call, and the library that keeps them alive.
pub(crate) struct Api {
    pub(crate) file: String,
    pub(crate) build: u32,
    pub(crate) param_default: ParamFn,
    pub(crate) param_preset: PresetFn,
    pub(crate) param_parse: PresetFn,
    pub(crate) param_profile: ProfileFn,
    pub(crate) picture_init: PictureFn,
    pub(crate) picture_alloc: AllocFn,
    pub(crate) picture_clean: PictureFn,
    pub(crate) open: OpenFn,
    pub(crate) encode: EncodeFn,
    pub(crate) close: ParamFn,
    _library: libloading::Library,
}

/// A loaded and verified x264; clones share it.
#[derive(Clone)]
pub struct Library {
    pub(crate) api: Arc<Api>,
}

impl Library {
    /// Opens the newest known build that is installed and checks that its structs are what we expect.
    ///
    /// # Errors
    /// When none is installed, or the first one found lacks a function or has another layout.
    pub fn load() -> Result<Self, Error> {
        let mut tried = Vec::new();
        for build in BUILDS {
            let file = file_name(build);
            // SAFETY: x264's initialisers only fill tables; the name is that of a known library.
            match unsafe { libloading::Library::new(&file) } {
                Ok(library) => {
                    let api = Api::resolve(library, file, build)?;
                    probe::verify(&api)?;
                    return Ok(Self { api: Arc::new(api) });
                }
                Err(_) => tried.push(file),
            }
        }
        Err(Error::NotFound { tried: tried.join(", ") })
    }

    /// The file that was opened.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.api.file
    }

    /// The library's build number.
    #[must_use]
    pub fn build(&self) -> u32 {
        self.api.build
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Library").field(&self.file()).finish()
    }
}

fn file_name(build: u32) -> String {
    if cfg!(target_os = "macos") { format!("libx264.{build}.dylib") } else { format!("libx264.so.{build}") }
}

impl Api {
    fn resolve(library: libloading::Library, file: String, build: u32) -> Result<Self, Error> {
        let open = format!("x264_encoder_open_{build}");
        // SAFETY: each name is looked up with the type that x264.h gives it; the pointers live as long as `_library`.
        unsafe {
            Ok(Self {
                param_default: symbol(&library, &file, "x264_param_default")?,
                param_preset: symbol(&library, &file, "x264_param_default_preset")?,
                param_parse: symbol(&library, &file, "x264_param_parse")?,
                param_profile: symbol(&library, &file, "x264_param_apply_profile")?,
                picture_init: symbol(&library, &file, "x264_picture_init")?,
                picture_alloc: symbol(&library, &file, "x264_picture_alloc")?,
                picture_clean: symbol(&library, &file, "x264_picture_clean")?,
                open: symbol(&library, &file, &open)?,
                encode: symbol(&library, &file, "x264_encoder_encode")?,
                close: symbol(&library, &file, "x264_encoder_close")?,
                file,
                build,
                _library: library,
            })
        }
    }

    /// Sets one parameter by name.
    pub(crate) fn parse(&self, param: &mut Param, key: &'static str, value: &str) -> Result<(), Error> {
        let refused = |code| Error::Option { key, value: value.to_owned(), code };
        let (Ok(name), Ok(text)) = (CString::new(key), CString::new(value)) else { return Err(refused(-2)) };
        // SAFETY: `param` was filled by the library; both strings end with a zero and are copied, if kept at all.
        match unsafe { (self.param_parse)(param.as_mut_ptr(), name.as_ptr(), text.as_ptr()) } {
            0 => Ok(()),
            code => Err(refused(code)),
        }
    }
}

/// # Safety
/// `T` must be the type of the function called `name`.
unsafe fn symbol<T: Copy>(library: &libloading::Library, file: &str, name: &str) -> Result<T, Error> {
    // SAFETY: the caller names the right type.
    match unsafe { library.get::<T>(name.as_bytes()) } {
        Ok(found) => Ok(*found),
        Err(_) => Err(Error::Symbol { file: file.to_owned(), symbol: name.to_owned() }),
    }
}
