//! Numbers as people write and read them.

use std::time::Duration;

use super::stats::Spread;

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
    fn times_are_above_zero_and_finite() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "nan", "inf", "1e9", "soon", ""] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn small_numbers_keep_their_digits_and_large_ones_lose_theirs() {
        let texts = [0.0, 0.0123, 0.5, 12.34, 123.46, 12_345.6].map(number);
        assert_eq!(texts, ["0", "0.012", "0.50", "12.3", "123.5", "12346"]);
        assert_eq!(number_or_dash(None), "-");
    }
}
