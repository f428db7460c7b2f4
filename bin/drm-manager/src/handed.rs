//! What this program was started with: descriptors that the service manager had kept for it, by name.

use std::os::fd::OwnedFd;

use rustix::io::{FdFlags, fcntl_setfd};

/// Descriptors by name; a name may have several.
#[derive(Debug, Default)]
pub struct Handed(Vec<(String, OwnedFd)>);

impl Handed {
    /// Takes what the service manager hands over, as `sd_listen_fds(3)` says. Only the first call gets anything that is
    /// right to use.
    #[must_use]
    pub fn from_environment() -> Self {
        match sd_listen_fds::get() {
            Ok(found) => {
                found.into_iter().map(|(name, fd)| (name.unwrap_or_default(), fd.into_std())).collect::<Vec<_>>().into()
            }
            Err(error) => {
                tracing::warn!(%error, "cannot use what was kept");
                Self::default()
            }
        }
    }

    /// The descriptors of this name.
    pub fn take(&mut self, name: &str) -> Vec<OwnedFd> {
        let (found, rest) = std::mem::take(&mut self.0).into_iter().partition(|(known, _)| known == name);
        self.0 = rest;
        let found: Vec<(String, OwnedFd)> = found;
        found.into_iter().map(|(_, fd)| fd).collect()
    }

    /// The names that start so, each once.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.0.iter().map(|(name, _)| name).filter(|name| name.starts_with(prefix)).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}

impl From<Vec<(String, OwnedFd)>> for Handed {
    fn from(found: Vec<(String, OwnedFd)>) -> Self {
        for (name, fd) in &found {
            if let Err(error) = fcntl_setfd(fd, FdFlags::CLOEXEC) {
                tracing::debug!(%error, name, "a descriptor stays open in children");
            }
        }
        Self(found)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn descriptors_are_found_by_name() {
        let fd = || OwnedFd::from(std::io::pipe().expect("a pipe").0);
        let (first, second) = (fd(), fd());
        let numbers = vec![first.as_raw_fd(), second.as_raw_fd()];
        let named = |name: &str, fd| (name.to_owned(), fd);
        let mut handed = Handed::from(vec![named("lease-1", first), named("door", fd()), named("lease-1", second)]);
        assert_eq!(handed.names("lease-"), ["lease-1"]);
        let taken: Vec<_> = handed.take("lease-1").iter().map(AsRawFd::as_raw_fd).collect();
        assert_eq!((taken, handed.take("lease-1").len(), handed.take("door").len()), (numbers, 0, 1));
    }
}
