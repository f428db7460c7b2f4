//! The viewer, embedded: every file that `cargo xtask web` built, found by its path below the page's address.
//!
//! ```text
//!   web/dist ──build/main.rs──▶ table of Asset ──find("assets/main-….js")──▶ bytes, packed bytes, type, ETag
//! ```
//!
//! Without `web/dist` there is one page, which says how to build the viewer.

#![forbid(unsafe_code)]

mod asset;

pub use asset::{Asset, Lifetime};

/// Sorted by path.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whether the real viewer is embedded, and not the page that says how to build it.
pub const BUILT: bool = cfg!(viewer_built);

/// Value of `Content-Security-Policy` for the page: it loads nothing from elsewhere, runs nothing inline and is in no frame
/// of a stranger. Cursors are `data:` images.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// The file at `path` below the page's address, such as `/`, `/index.html` or `/assets/icon-….svg`.
#[must_use]
pub fn find(path: &str) -> Option<Asset> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = if path.is_empty() { "index.html" } else { path };
    ASSETS.iter().find(|asset| asset.path == path).copied()
}

/// Every file, the page itself included.
#[must_use]
pub fn all() -> &'static [Asset] {
    ASSETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_at_the_root() {
        let page = find("/").unwrap();
        assert_eq!(page.path, "index.html");
        assert_eq!(page.content_type(), "text/html; charset=utf-8");
        assert_eq!(page.lifetime(), Lifetime::Revalidate);
        assert_eq!(find("index.html").unwrap().etag, page.etag);
    }

    #[test]
    fn nothing_is_found_outside_the_table() {
        for path in ["/assets", "/../Cargo.toml", "/index.html.gz", "//", "/assets/../index.html"] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn etags_are_quoted_and_differ() {
        let mut etags: Vec<_> = all().iter().map(|asset| asset.etag).collect();
        assert!(etags.iter().all(|etag| etag.len() == 26 && etag.starts_with('"') && etag.ends_with('"')));
        etags.sort_unstable();
        etags.dedup();
        assert_eq!(etags.len(), all().len());
    }

    #[test]
    fn packed_files_are_gzip_and_smaller_unless_tiny() {
        for asset in all() {
            let Some(packed) = asset.packed else { continue };
            assert_eq!(packed[..2], [0x1f, 0x8b], "{}", asset.path);
            assert!(packed.len() < asset.bytes.len().max(200), "{}", asset.path);
        }
    }

    #[test]
    fn the_page_names_only_files_that_are_there() {
        let page = std::str::from_utf8(find("/").unwrap().bytes).unwrap();
        let named: Vec<_> = page.split('"').filter(|word| word.starts_with("assets/")).collect();
        assert_eq!(named.is_empty(), !BUILT);
        for path in named {
            let asset = find(path).unwrap_or_else(|| panic!("{path} is missing"));
            assert_eq!(asset.lifetime(), Lifetime::Forever);
        }
    }

    #[test]
    fn the_page_keeps_to_its_policy() {
        let page = std::str::from_utf8(find("/").unwrap().bytes).unwrap();
        for inline in ["<style", "style=", "onload=", "javascript:", "<script>"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert!(!page.contains("http://") && !page.contains("https://"));
        assert!(CONTENT_SECURITY_POLICY.split("; ").all(|directive| directive.contains('\'')));
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    }

    #[test]
    fn a_missing_viewer_says_how_to_build_it() {
        let page = include_str!("../build/placeholder.html");
        assert!(page.contains("cargo xtask web"));
    }
}
