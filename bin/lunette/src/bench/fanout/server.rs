//! The server that is measured, wherever it runs.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::child::Child;
use super::inside::Inside;
use super::{FanoutArgs, Placement};
use crate::bench::process::Footprint;

/// A running server with one scanout.
pub(super) enum Server {
    Process(Child),
    Inside(Inside),
}

impl Server {
    pub(super) fn start(args: &FanoutArgs) -> Result<Self> {
        match args.server {
            Placement::Process => Child::start(args, &Child::find()?).map(Self::Process),
            Placement::Inside => Inside::start(args).map(Self::Inside),
            Placement::Auto => match Child::find() {
                Ok(program) => Child::start(args, &program).map(Self::Process),
                Err(_) => Inside::start(args).map(Self::Inside),
            },
        }
    }

    pub(super) fn placement(&self) -> &'static str {
        match self {
            Self::Process(_) => "process",
            Self::Inside(_) => "inside",
        }
    }

    /// Where subscribers connect.
    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Process(child) => child.address(),
            Self::Inside(inside) => inside.address(),
        }
    }

    /// CPU time so far. Call it from the subscribers' thread.
    pub(super) fn cpu(&self) -> Result<Duration> {
        match self {
            Self::Process(child) => child.cpu(),
            Self::Inside(inside) => Ok(inside.cpu()),
        }
    }

    /// Memory and descriptors; of an inside server those of the subscribers too.
    pub(super) fn footprint(&self) -> Result<Footprint> {
        match self {
            Self::Process(child) => child.footprint(),
            Self::Inside(_) => crate::bench::process::footprint(std::process::id()),
        }
    }

    /// What `/metrics` says.
    pub(super) fn metrics(&self) -> Result<String> {
        match self {
            Self::Process(child) => child.metrics(),
            Self::Inside(inside) => Ok(inside.metrics()),
        }
    }
}

/// Sum of all samples of a family in Prometheus' text; 0 without any.
pub(super) fn sum_of(metrics: &str, family: &str) -> f64 {
    let samples = metrics.lines().filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        (name.split('{').next() == Some(family)).then(|| value.parse::<f64>().ok())?
    });
    samples.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_summed_over_its_labels() {
        let text = "# HELP drops x 7\n# TYPE drops counter\ndrops{client=\"a b\"} 3\ndrops{client=\"1\"} 4\n\
                    drops_total 100\nother 5\n";
        assert_eq!(sum_of(text, "drops"), 7.0);
        assert_eq!(sum_of(text, "other"), 5.0);
        assert_eq!(sum_of(text, "none"), 0.0);
    }
}
