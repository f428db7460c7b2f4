//! Numbers as people write and read them.

use std::time::Duration;

use lunette_frame::{BitRate, Quality};

use super::stats::Spread;

pub(crate) fn parse_quality(text: &str) -> Result<Quality, String> {
    let value = text.parse().map_err(|_| "expected a number from 0 to 100".to_owned())?;
    Quality::new(value).map_err(|error| error.to_string())
}

/// A rate such as `20M`, `800k` or `20000000`.
pub(crate) fn parse_bit_rate(text: &str) -> Result<BitRate, String> {
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

/// A time such as `5` or `0.5`, up to a day.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero() && *time <= Duration::from_secs(86_400))
        .ok_or_else(|| format!("`{text}` is not a number of seconds above 0"))
}

/// Three significant digits or so, whatever the magnitude.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.1 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

pub(crate) fn number_or_dash(value: Option<f64>) -> String {
    value.map_or_else(dash, number)
}

/// `min median max`.
pub(crate) fn three(spread: Option<&Spread>) -> String {
    spread.map_or_else(dash, |s| [s.min, s.median, s.max].map(number).join(" / "))
}

/// `median p99`.
pub(crate) fn two(spread: Option<&Spread>) -> String {
    spread.map_or_else(dash, |s| [s.median, s.p99].map(number).join(" / "))
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_may_have_a_unit() {
        for (text, bits) in [("20M", 20_000_000), ("800k", 800_000), ("123456", 123_456)] {
            assert_eq!(parse_bit_rate(text), Ok(BitRate::from_bits_per_second(bits)));
        }
        for bad in ["", "M", "1", "5000M", "2.5M"] {
            assert!(parse_bit_rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_above_zero_and_finite() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "nan", "inf", "1e9", "soon", ""] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn qualities_end_at_100() {
        assert!(parse_quality("100").is_ok() && parse_quality("101").is_err() && parse_quality("best").is_err());
    }

    #[test]
    fn small_numbers_keep_their_digits_and_large_ones_lose_theirs() {
        let texts = [0.0, 0.0123, 0.5, 12.34, 123.46, 12_345.6].map(number);
        assert_eq!(texts, ["0", "0.012", "0.50", "12.3", "123.5", "12346"]);
        assert_eq!(number_or_dash(None), "-");
    }
}
