//! One embedded file and what HTTP has to say about it.

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Below the page's address, without a leading slash.
    pub path: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The file as `Content-Encoding: gzip` has it.
    pub packed: Option<&'static [u8]>,
    /// A strong validator, quotes included.
    pub etag: &'static str,
}

/// How long a browser may keep a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Its name changes with its content.
    Forever,
    /// It is asked for again every time, and usually answered with 304.
    Revalidate,
}

impl Asset {
    /// Value of `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("json") => "application/json",
            _ => "application/octet-stream",
        }
    }

    /// How long a browser may keep it.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        if self.path.starts_with("assets/") { Lifetime::Forever } else { Lifetime::Revalidate }
    }

    /// Value of `Cache-Control`.
    #[must_use]
    pub fn cache_control(&self) -> &'static str {
        match self.lifetime() {
            Lifetime::Forever => "public, max-age=31536000, immutable",
            Lifetime::Revalidate => "no-cache",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &'static str) -> Asset {
        Asset { path, bytes: &[], packed: None, etag: "\"\"" }
    }

    #[test]
    fn the_type_follows_the_extension() {
        assert_eq!(named("assets/main-0.js").content_type(), "text/javascript; charset=utf-8");
        assert_eq!(named("assets/style-0.css").content_type(), "text/css; charset=utf-8");
        assert_eq!(named("licence").content_type(), "application/octet-stream");
    }

    #[test]
    fn hashed_names_are_kept_for_good() {
        assert_eq!(named("assets/main-0.js").cache_control(), "public, max-age=31536000, immutable");
        assert_eq!(named("index.html").cache_control(), "no-cache");
    }
}
