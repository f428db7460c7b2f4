//! What is kept for the next manager.

use std::os::fd::OwnedFd;

/// What a manager said, with the descriptors that came with it.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) fds: Vec<OwnedFd>,
}

/// Descriptors by name, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: Vec<(String, OwnedFd)>,
    is_ready: bool,
}

impl Store {
    /// More than all outputs of a card need.
    const MOST: usize = 256;
    /// What systemd calls descriptors without a name.
    const NAMELESS: &str = "stored";
    const LONGEST_NAME: usize = 255;

    /// Does what a notice asks for; its descriptors are closed where it does not ask to keep them.
    pub(super) fn take(&mut self, notice: Notice) {
        let Notice { text, fds } = notice;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        self.is_ready |= value("READY") == Some("1");
        let name = value("FDNAME").unwrap_or(Self::NAMELESS);
        if value("FDSTOREREMOVE") == Some("1") {
            self.kept.retain(|(known, _)| known != name);
        } else if value("FDSTORE") == Some("1") {
            self.keep(name, fds);
        }
    }

    fn keep(&mut self, name: &str, fds: Vec<OwnedFd>) {
        // Names are handed over in one line, between colons.
        let fits = name.len() <= Self::LONGEST_NAME && name.chars().all(|c| c.is_ascii_graphic() && c != ':');
        if !fits || self.kept.len() + fds.len() > Self::MOST {
            return tracing::error!(name, kept = self.kept.len(), "cannot keep {} more descriptors", fds.len());
        }
        self.kept.extend(fds.into_iter().map(|fd| (name.to_owned(), fd)));
    }

    /// Whether the manager has been ready since this was asked last.
    pub(super) fn take_ready(&mut self) -> bool {
        std::mem::take(&mut self.is_ready)
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = (&str, &OwnedFd)> {
        self.kept.iter().map(|(name, fd)| (name.as_str(), fd))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(store: &mut Store, text: &str, fds: usize) {
        let fd = |_| std::io::pipe().expect("a pipe").0.into();
        store.take(Notice { text: text.to_owned(), fds: (0..fds).map(fd).collect() });
    }

    fn names(store: &Store) -> Vec<&str> {
        store.kept().map(|(name, _)| name).collect()
    }

    #[test]
    fn what_is_stored_is_kept_until_it_is_removed() {
        let mut store = Store::default();
        take(&mut store, "FDSTORE=1\nFDPOLL=0\nFDNAME=drm-master", 1);
        take(&mut store, "FDSTORE=1\nFDNAME=lease-1", 2);
        take(&mut store, "FDSTORE=1", 1);
        assert_eq!(names(&store), ["drm-master", "lease-1", "lease-1", "stored"]);
        take(&mut store, "FDSTOREREMOVE=1\nFDNAME=lease-1", 0);
        take(&mut store, "FDSTOREREMOVE=1\nFDNAME=lease-2", 0);
        assert_eq!(names(&store), ["drm-master", "stored"]);
    }

    #[test]
    fn what_nobody_asks_to_keep_is_closed() {
        let mut store = Store::default();
        take(&mut store, "STATUS=busy", 2);
        take(&mut store, "FDSTORE=1\nFDNAME=a:b", 1);
        take(&mut store, &format!("FDSTORE=1\nFDNAME={}", "x".repeat(256)), 1);
        for _ in 0..Store::MOST {
            take(&mut store, "FDSTORE=1\nFDNAME=x", 2);
        }
        assert_eq!(store.len(), Store::MOST);
    }

    #[test]
    fn a_manager_is_ready_once() {
        let mut store = Store::default();
        take(&mut store, "READY=1\nSTATUS=fine", 0);
        assert_eq!((store.take_ready(), store.take_ready()), (true, false));
    }
}
