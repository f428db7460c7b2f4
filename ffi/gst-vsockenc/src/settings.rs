//! The properties' values.

use std::path::PathBuf;
use std::time::Duration;

use lunette_frame::BitRate;
use lunette_remote_encode::{Reconnect, Settings as ClientSettings};
use lunette_wire::Token;

use crate::socket::Address;

/// What the element was told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) socket_path: Option<String>,
    pub(crate) cid: u32,
    pub(crate) port: u32,
    pub(crate) tcp_host: Option<String>,
    pub(crate) tcp_port: u16,
    pub(crate) bitrate: u32,
    pub(crate) keyframe_interval: u32,
    pub(crate) token: Option<String>,
    pub(crate) max_in_flight: u32,
    pub(crate) timeout_ms: u32,
    pub(crate) reconnect: bool,
}

/// The lowest ceiling that hosts take.
pub(crate) const LEAST_BITRATE: u32 = 10_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            socket_path: None,
            cid: 2,
            port: 5000,
            tcp_host: None,
            tcp_port: 15_937,
            bitrate: 4_000_000,
            keyframe_interval: 60,
            token: None,
            max_in_flight: 1,
            timeout_ms: 5000,
            reconnect: true,
        }
    }
}

impl Settings {
    /// Where the host is: a socket's path goes before a TCP host, that before vsock.
    pub(crate) fn address(&self) -> Address {
        match (&self.socket_path, &self.tcp_host) {
            (Some(path), _) => Address::Unix(PathBuf::from(path)),
            (None, Some(host)) => Address::Tcp(host.clone(), self.tcp_port),
            (None, None) => Address::Vsock(self.cid, self.port),
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }

    /// The ceiling as hosts take it.
    pub(crate) fn ceiling(&self) -> BitRate {
        BitRate::from_bits_per_second(self.bitrate.max(LEAST_BITRATE))
    }

    /// What the client is told; fails with the token that is none.
    pub(crate) fn client(&self) -> Result<ClientSettings, String> {
        let token = match &self.token {
            Some(text) => {
                let parsed = text.trim().parse::<Token>();
                Some(parsed.map_err(|_| "the token is not 64 hexadecimal digits".to_owned())?)
            }
            None => None,
        };
        Ok(ClientSettings {
            in_flight: self.max_in_flight as usize,
            timeout: self.timeout(),
            reconnect: if self.reconnect { Reconnect::Always } else { Reconnect::Never },
            keyframe_interval: self.keyframe_interval,
            token,
        })
    }
}

/// A text property: empty is none.
pub(crate) fn text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_before_a_host_and_that_before_vsock() {
        let mut settings = Settings::default();
        assert_eq!(settings.address(), Address::Vsock(2, 5000));
        settings.tcp_host = Some("::1".into());
        assert_eq!(settings.address(), Address::Tcp("::1".into(), 15_937));
        settings.socket_path = Some("/run/s".into());
        assert_eq!(settings.address(), Address::Unix("/run/s".into()));
    }

    #[test]
    fn a_token_is_digits_and_an_empty_one_is_none() {
        let with = |token: &str| Settings { token: text(Some(token.into())), ..Settings::default() };
        assert!(with("").client().expect("none").token.is_none());
        assert!(with(&"5a".repeat(32)).client().expect("valid").token.is_some());
        assert!(with("secret").client().is_err());
    }
}
