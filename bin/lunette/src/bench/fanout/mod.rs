//! `lunette bench fanout`.
//!
//! ```text
//!   server (a process of its own) ──one scanout──▶ N sockets ──▶ N tasks in one thread: count, discard
//!      ▲ /proc: CPU, memory, descriptors                 ▲
//!      └ /metrics: drops, stalls                         └ every figure between two moments, all subscribers running
//! ```

mod child;
mod inside;
mod measure;
mod report;
mod scanner;
mod server;
mod subscriber;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use lunette_capture::pattern::Kind;
use lunette_encode::Choice;

use super::args::{CodingArgs, OutputArgs};
use super::document::Document;
use super::units::parse_seconds;

/// Arguments of `lunette bench fanout`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FanoutArgs {
    /// Numbers of subscribers, separated by commas; each is measured with a new server
    #[arg(long, value_name = "NS", value_delimiter = ',', default_value = "1,100,1000",
          value_parser = clap::value_parser!(u16).range(1..=4000))]
    subscribers: Vec<u16>,

    /// What the screen shows
    #[arg(long, value_name = "KIND", default_value = "typing")]
    kind: Kind,

    /// Time to measure each number of subscribers
    #[arg(long, value_name = "N", default_value = "5", value_parser = parse_seconds)]
    seconds: Duration,

    /// Frames per second of the screen; 0 = as fast as they can be encoded
    #[arg(long, value_name = "N", default_value = "60", value_parser = clap::value_parser!(u32).range(0..=1000))]
    fps: u32,

    /// Encoder of the stream
    #[arg(long, value_name = "NAME", default_value = "auto")]
    encoder: Choice,

    /// Where the server runs
    #[arg(long, value_enum, default_value = "auto")]
    server: Placement,

    #[command(flatten)]
    coding: CodingArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Placement {
    /// A process if there is a frame-export next to this program, else inside.
    Auto,
    /// The frame-export next to this program.
    Process,
    /// Threads of this program; its CPU is what is not the subscribers' thread.
    Inside,
}

/// Measures every number of subscribers.
pub(crate) fn run(args: &FanoutArgs) -> Result<String> {
    let mut rows = Vec::new();
    for count in &args.subscribers {
        rows.push(measure::measure(args, usize::from(*count))?);
    }
    Document::new(rows, Vec::new()).render(args.output.format(), |rows| report::tables(rows, args))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: FanoutArgs,
    }

    pub(super) fn args(words: &[&str]) -> FanoutArgs {
        Line::try_parse_from(["fanout"].iter().chain(words)).unwrap().args
    }

    #[test]
    fn three_sizes_of_audience_are_the_default() {
        let args = args(&[]);
        assert_eq!((args.subscribers, args.seconds), (vec![1, 100, 1000], Duration::from_secs(5)));
        assert_eq!((args.server, args.fps), (Placement::Auto, 60));
    }

    #[test]
    fn impossible_arguments_are_refused() {
        for words in [["--subscribers", "0"], ["--subscribers", "1,x"], ["--encoder", "nosuch"], ["--seconds", "0"]] {
            assert!(Line::try_parse_from(["fanout"].iter().chain(&words)).is_err(), "{words:?}");
        }
    }
}
