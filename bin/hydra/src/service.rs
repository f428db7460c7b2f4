//! Tells the service manager that started us when we are ready, in the words of `sd_notify(3)`.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where to tell it, when there is one.
#[derive(Debug)]
pub(crate) struct Service(Option<SocketAddr>);

impl Service {
    pub(crate) fn from_environment() -> Self {
        Self::at(std::env::var("NOTIFY_SOCKET").ok().as_deref())
    }

    fn at(name: Option<&str>) -> Self {
        let address = name.map(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(name),
        });
        Self(address.transpose().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell the service manager anything");
            None
        }))
    }

    /// Tells it `state`, lines of `KEY=value`.
    pub(crate) fn tell(&self, state: &str) {
        let Some(address) = &self.0 else { return };
        let send = || {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.send_to_addr(state.as_bytes(), address)
        };
        if let Err(error) = send() {
            tracing::debug!(%error, state, "the service manager does not listen");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        Service::at(path.to_str()).tell("READY=1");
        let mut received = [0; 64];
        let len = manager.recv(&mut received).unwrap();
        assert_eq!(&received[..len], b"READY=1");
        Service::at(None).tell("READY=1");
    }
}
