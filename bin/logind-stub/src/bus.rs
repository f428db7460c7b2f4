//! The bus inside the container.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lunette_sys_unix::{ConnectError, connect_as};

/// Between two looks whether the bus is there.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why there is no connection to the bus.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Not an address that can be used here.
    #[error("{0:?} is no address of a Unix socket: unix:path=/...")]
    Address(String),
    /// It never came.
    #[error("no bus at {} within {} s", path.display(), limit.as_secs())]
    TooLate {
        /// Where.
        path: PathBuf,
        /// How long.
        limit: Duration,
        /// What was wrong the last time.
        source: ConnectError,
    },
    /// It is there, and cannot be connected to.
    #[error("the bus at {}", path.display())]
    Connect {
        /// Where.
        path: PathBuf,
        /// Why.
        source: ConnectError,
    },
}

/// The socket of a bus, out of an address such as `unix:path=/run/bus/system,guid=...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusPath(PathBuf);

impl FromStr for BusPath {
    type Err = BusError;

    fn from_str(address: &str) -> Result<Self, BusError> {
        let keys = address.strip_prefix("unix:").into_iter().flat_map(|keys| keys.split(','));
        let path = keys.filter_map(|key| key.strip_prefix("path=")).next().and_then(unescape);
        match path {
            Some(path) if path.starts_with('/') => Ok(Self(path.into())),
            _ => Err(BusError::Address(address.to_owned())),
        }
    }
}

impl BusPath {
    /// The socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// `%20` is a space. A list of addresses has a semicolon, which a value cannot have.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b';' => return None,
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Connects to the bus as this user and group, or as who we are. It comes after the container has started, so this
/// waits for it.
///
/// # Errors
/// When it does not come in time, or is no bus that we may connect to.
pub fn connect(bus: &BusPath, who: Option<(u32, u32)>, limit: Duration) -> Result<UnixStream, BusError> {
    let (uid, gid) = who.unwrap_or((rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()));
    let end = Instant::now() + limit;
    loop {
        let path = || bus.0.clone();
        match connect_as(&bus.0, uid, gid) {
            Ok(stream) => return Ok(stream),
            Err(source) if !may_come(&source) => return Err(BusError::Connect { path: path(), source }),
            Err(source) if Instant::now() >= end => return Err(BusError::TooLate { path: path(), limit, source }),
            Err(_) => sleep(LOOK_AGAIN),
        }
    }
}

/// Whether it looks as it does before the bus listens.
fn may_come(error: &ConnectError) -> bool {
    match error {
        ConnectError::Open(source) => source.kind() == io::ErrorKind::NotFound,
        // Refused while it has a name already, denied until its mode is set.
        ConnectError::Connect(source) => {
            matches!(source.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::PermissionDenied)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::BusPath;

    #[test]
    fn an_address_names_a_socket() {
        let path = |address: &str| address.parse::<BusPath>().unwrap().path().to_owned();
        assert_eq!(path("unix:path=/run/bus"), Path::new("/run/bus"));
        assert_eq!(path("unix:path=/a%20b%25,guid=00"), Path::new("/a b%"));
        assert_eq!(path("unix:guid=00,path=/run/bus"), Path::new("/run/bus"));
    }

    #[test]
    fn other_addresses_are_refused() {
        for address in [
            "",
            "/run/bus",
            "unix:abstract=/x",
            "tcp:host=::1,path=/x",
            "unix:path=",
            "unix:path=bus",
            "unix:path=/%0",
            "unix:path=/%00",
            "unix:path=/a;unix:path=/b",
        ] {
            assert!(address.parse::<BusPath>().is_err(), "{address}");
        }
    }
}
