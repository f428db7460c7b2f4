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

/// Reads a number of bytes such as `512M`.
///
/// # Errors
/// What is wrong with the text, for a person.
pub fn parse_memory(text: &str) -> Result<u64, String> {
    /// One small picture.
    const LEAST: u64 = 4 << 20;
    let (digits, shift) = match text.as_bytes() {
        [digits @ .., b'k'] => (digits, 10),
        [digits @ .., b'M'] => (digits, 20),
        [digits @ .., b'G'] => (digits, 30),
        digits => (digits, 0),
    };
    let number = text[..digits.len()].parse::<u64>().ok();
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    let bytes = bytes.ok_or_else(|| "expected bytes such as 536870912, 512M or 2G".to_owned())?;
    if bytes < LEAST { Err(format!("below {LEAST} bytes there is no picture")) } else { Ok(bytes) }
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
