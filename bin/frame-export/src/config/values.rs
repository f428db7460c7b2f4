//! Values as people write them.

use std::net::SocketAddr;

use lunette_frame::{BitRate, Quality};

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

pub(super) fn parse_quality(text: &str) -> Result<Quality, String> {
    let value = text.parse().map_err(|_| "expected a number from 0 to 100".to_owned())?;
    Quality::new(value).map_err(|error| error.to_string())
}

/// A rate such as `20M`, `800k` or `20000000`.
pub(super) fn parse_bit_rate(text: &str) -> Result<BitRate, String> {
    const LOWEST: u32 = lunette_session::Connection::MIN_BIT_RATE;
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'M' | 'm')) => (&text[..at], 1_000_000),
        _ => (text, 1),
    };
    let bits = digits.parse::<u32>().ok().and_then(|number| number.checked_mul(factor));
    bits.filter(|bits| *bits >= LOWEST)
        .map(BitRate::from_bits_per_second)
        .ok_or_else(|| format!("expected {LOWEST} to 4294967295 bits per second, such as 20M or 800k"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_may_have_a_unit() {
        assert_eq!(parse_bit_rate("800k"), Ok(BitRate::from_bits_per_second(800_000)));
        assert_eq!(parse_bit_rate("20M"), Ok(BitRate::from_bits_per_second(20_000_000)));
        assert_eq!(parse_bit_rate("123456"), Ok(BitRate::from_bits_per_second(123_456)));
        assert!(parse_bit_rate("").is_err() && parse_bit_rate("M").is_err());
    }
}
