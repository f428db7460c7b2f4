//! Hardware encoders: each says what it finds here and why it cannot encode yet.
//!
//! They look for files and load nothing: a vendor's library starts threads and opens devices when it is loaded,
//! which is too much for a question.

use std::path::{Path, PathBuf};

use crate::{EncodeError, Encoder, EncoderConfig};

pub(crate) const VIDEOTOOLBOX: &str = "videotoolbox";
pub(crate) const NVENC: &str = "nvenc";
pub(crate) const VAAPI: &str = "vaapi";

const NVENC_LIBRARY: &str = "libnvidia-encode.so.1";
const VAAPI_LIBRARY: &str = "libva.so.2";

/// Apple's encoder.
pub(crate) fn open_videotoolbox(_: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    let reason = if cfg!(target_os = "macos") { "this build has no backend for it" } else { "it needs macOS" };
    Err(unavailable(VIDEOTOOLBOX, reason.to_owned()))
}

/// NVIDIA's encoder.
pub(crate) fn open_nvenc(_: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    Err(unavailable(NVENC, nvenc_reason(find_library(NVENC_LIBRARY), Path::new("/dev/nvidiactl").exists())))
}

fn nvenc_reason(library: Option<PathBuf>, device: bool) -> String {
    match (library, device) {
        (None, _) => format!("{NVENC_LIBRARY} was not found; the NVIDIA driver brings it"),
        (Some(library), false) => format!("{} is there, but /dev/nvidiactl is not", library.display()),
        (Some(library), true) => format!("{} is there, but this build has no backend for it", library.display()),
    }
}

/// The encoders of Intel and AMD.
pub(crate) fn open_vaapi(_: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    Err(unavailable(VAAPI, vaapi_reason(render_node(Path::new("/dev/dri")), find_library(VAAPI_LIBRARY))))
}

fn vaapi_reason(node: Option<PathBuf>, library: Option<PathBuf>) -> String {
    match (node, library) {
        (None, _) => "there is no render node /dev/dri/renderD*".to_owned(),
        (Some(node), None) => format!("{} is there, but {VAAPI_LIBRARY} is not installed", node.display()),
        (Some(node), Some(library)) => {
            format!("{} and {} are there, but this build has no backend for them", node.display(), library.display())
        }
    }
}

fn unavailable(backend: &'static str, reason: String) -> EncodeError {
    EncodeError::Unavailable { backend, reason }
}

fn render_node(folder: &Path) -> Option<PathBuf> {
    let mut nodes: Vec<_> = folder.read_dir().ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    nodes.sort();
    nodes.into_iter().find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("renderD")))
}

/// Where the dynamic linker would find a library: its path variable, then the folders of the common distributions.
fn find_library(name: &str) -> Option<PathBuf> {
    let listed = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let listed = std::env::split_paths(&listed).filter(|folder| folder.is_absolute()).collect::<Vec<_>>();
    let arch = std::env::consts::ARCH;
    let usual = [
        format!("/usr/lib/{arch}-linux-gnu"),
        format!("/lib/{arch}-linux-gnu"),
        "/usr/lib64".to_owned(),
        "/usr/lib".to_owned(),
        "/usr/local/lib".to_owned(),
        "/usr/local/nvidia/lib64".to_owned(),
        "/run/opengl-driver/lib".to_owned(),
    ];
    listed.into_iter().chain(usual.map(PathBuf::from)).map(|folder| folder.join(name)).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_name_what_is_missing() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert!(nvenc_reason(None, true).contains("driver"));
        assert!(nvenc_reason(path("/x/libnvidia-encode.so.1"), false).contains("/dev/nvidiactl"));
        assert!(nvenc_reason(path("/x/libnvidia-encode.so.1"), true).contains("no backend"));
        assert!(vaapi_reason(None, path("/x/libva.so.2")).contains("render node"));
        assert!(vaapi_reason(path("/dev/dri/renderD128"), None).contains("not installed"));
        assert!(vaapi_reason(path("/dev/dri/renderD128"), path("/x/libva.so.2")).contains("no backend"));
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_node() {
        assert_eq!(render_node(Path::new("/nonexistent/dri")), None);
    }
}
