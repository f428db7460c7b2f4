//! Reads `/metrics` and `/healthz`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::SOON;

/// The body that a GET is answered with.
///
/// # Panics
/// When the answer is not 200.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect_timeout(&address, SOON).expect("metrics are served");
    stream.set_read_timeout(Some(SOON)).expect("above zero");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in time");
    let (head, body) = answer.split_once("\r\n\r\n").expect("HTTP");
    assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    body.to_owned()
}

/// Samples of one moment.
pub(crate) struct Metrics(Vec<(String, f64)>);

impl Metrics {
    pub(crate) fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let parse = |line: &str| {
            let (name, value) = line.rsplit_once(' ').expect("name and value");
            (name.to_owned(), value.parse().expect("a number"))
        };
        Self(samples.map(parse).collect())
    }

    /// The sum of all samples `frame_export_<name>` that have these labels; 0 when there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.samples(name, labels).sum()
    }

    /// How many samples `frame_export_<name>` have these labels.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> usize {
        self.samples(name, labels).count()
    }

    fn samples(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = f64> {
        let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        self.0.iter().filter_map(move |(sample, value)| {
            let (family, rest) = sample.split_once('{').unwrap_or((sample, ""));
            let given: Vec<_> = rest.trim_end_matches('}').split(',').collect();
            let fits = family.strip_prefix("frame_export_") == Some(name)
                && pairs.iter().all(|pair| given.contains(&pair.as_str()));
            fits.then_some(*value)
        })
    }
}
