//! Prometheus' text format.

use std::fmt::{Display, Write};

use super::Histogram;

/// Collects metric families as text.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

/// A label's name and value.
type Label<'a> = (&'a str, &'a dyn Display);

impl Exposition {
    /// The media type of the text.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Starts a family; its samples follow.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// One sample of the family.
    pub fn sample(&mut self, name: &str, labels: &[Label<'_>], value: impl Display) {
        let labels = render(labels);
        self.line(format_args!("{name}{labels} {value}"));
    }

    /// The samples of a histogram.
    pub fn histogram(&mut self, name: &str, labels: &[Label<'_>], histogram: &Histogram) {
        let snapshot = histogram.snapshot();
        for (bound, count) in &snapshot.buckets {
            let labels = render(&[labels, &[("le", bound)]].concat());
            self.line(format_args!("{name}_bucket{labels} {count}"));
        }
        let all = render(&[labels, &[("le", &"+Inf")]].concat());
        let labels = render(labels);
        self.line(format_args!("{name}_bucket{all} {}", snapshot.count));
        self.line(format_args!("{name}_sum{labels} {}", snapshot.sum));
        self.line(format_args!("{name}_count{labels} {}", snapshot.count));
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a String takes all that is written");
    }
}

fn render(labels: &[Label<'_>]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escape =
        |value: &dyn Display| value.to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(*value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_reads_as_prometheus_wants_it() {
        let mut text = Exposition::default();
        text.family("frames_total", "counter", "Frames.");
        text.sample("frames_total", &[("scanout", &3), ("name", &"a\"b\\c\n")], 5);
        let expected = "# HELP frames_total Frames.\n# TYPE frames_total counter\n\
                        frames_total{scanout=\"3\",name=\"a\\\"b\\\\c\\n\"} 5\n";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn a_histogram_ends_with_infinity_sum_and_count() {
        let histogram = Histogram::new(&[1.0]);
        histogram.observe(0.5);
        histogram.observe(2.0);
        let mut text = Exposition::default();
        text.histogram("t", &[("s", &1)], &histogram);
        let expected = "t_bucket{s=\"1\",le=\"1\"} 1\nt_bucket{s=\"1\",le=\"+Inf\"} 2\nt_sum{s=\"1\"} 2.5\n\
                        t_count{s=\"1\"} 2\n";
        assert_eq!(text.finish(), expected);
    }
}
