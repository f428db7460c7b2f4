//! How a server gets the picture, as a client asks for it.

/// How a server gets the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VideoMode {
    /// From the host, which sees the display device.
    Scanout,
    /// From the compositor, in buffers of the graphics card.
    #[default]
    ZeroCopy,
    /// From the compositor, by the graphics card's own means.
    Native,
    /// From the compositor, in shared memory.
    Shm,
}

impl VideoMode {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Scanout => "scanout",
            Self::ZeroCopy => "zerocopy",
            Self::Native => "native",
            Self::Shm => "shm",
        }
    }

    /// What a client calls so.
    #[must_use]
    pub fn from_init_text(text: &str) -> Option<Self> {
        match text {
            "scanout" => Some(Self::Scanout),
            "zerocopy" | "zero-copy" | "plugin" => Some(Self::ZeroCopy),
            "native" | "dmabuf" => Some(Self::Native),
            "shm" => Some(Self::Shm),
            _ => None,
        }
    }

    /// What the environment's `HELIX_VIDEO_MODE` calls so.
    #[must_use]
    pub fn from_env_text(text: &str) -> Option<Self> {
        Self::from_init_text(text).filter(|mode| *mode != Self::ZeroCopy)
    }

    /// What the client wants, else what the environment says, else [`VideoMode::ZeroCopy`].
    #[must_use]
    pub fn choose(asked: Option<Self>, environment: Option<&str>) -> Self {
        asked.or_else(|| environment.and_then(Self::from_env_text)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_wish_counts_more_than_the_environment_and_both_more_than_nothing() {
        let shm = Some(VideoMode::Shm);
        assert_eq!(VideoMode::choose(VideoMode::from_init_text("plugin"), Some("shm")), VideoMode::ZeroCopy);
        assert_eq!(VideoMode::choose(VideoMode::from_init_text("later"), Some("shm")), VideoMode::Shm);
        assert_eq!(VideoMode::choose(None, Some("dmabuf")), VideoMode::Native);
        assert_eq!(VideoMode::choose(None, Some("later")), VideoMode::ZeroCopy);
        assert_eq!(VideoMode::choose(shm, None), VideoMode::Shm);
        assert_eq!(VideoMode::choose(None, None), VideoMode::ZeroCopy);
    }
}
