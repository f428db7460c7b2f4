//! Values as people write them.

use std::net::SocketAddr;

use lunette_frame::{BitRate, BitRateError};

/// Whether and where to listen on TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TcpChoice {
    Off,
    On(SocketAddr),
}

pub(super) fn parse_tcp(text: &str) -> Result<TcpChoice, String> {
    match text {
        "off" => Ok(TcpChoice::Off),
        _ => text
            .parse()
            .map(TcpChoice::On)
            .map_err(|_| "expected an address and a port such as 127.0.0.1:15937 or [::1]:15937, or `off`".to_owned()),
    }
}

/// Reads a ceiling of the bit rate under which pictures get through, such as `20M`.
///
/// # Errors
/// What is wrong with the text, for a person.
pub fn parse_ceiling(text: &str) -> Result<BitRate, String> {
    const LOWEST: u32 = lunette_session::Connection::MIN_BIT_RATE;
    let rate: BitRate = text.parse().map_err(|error: BitRateError| error.to_string())?;
    if rate.bits_per_second() < LOWEST {
        Err(format!("below {LOWEST} bits per second no picture gets through"))
    } else {
        Ok(rate)
    }
}
