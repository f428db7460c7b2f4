//! Arguments that several measurements share.

use std::time::Duration;

use clap::Args;
use frame_export::config::parse_ceiling;
use lunette_encode::EncoderConfig;
use lunette_frame::{BitRate, FrameRate, Quality, Size};

use super::lineup::Pick;
use super::units::parse_seconds;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
}

/// How results are printed.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArgs {
    /// Print one JSON document with everything, machine and versions included
    #[arg(long)]
    json: bool,
}

impl OutputArgs {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Table }
    }
}

/// How pictures are encoded.
#[derive(Debug, Clone, Args)]
pub(crate) struct CodingArgs {
    /// Size of the pictures
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    pub(crate) size: Size,

    /// Picture quality, 0 to 100, kept as long as --max-bitrate allows
    #[arg(long, value_name = "Q", default_value = "70")]
    pub(crate) quality: Quality,

    /// Ceiling of the bit rate, in bits per second; k and M are understood [default: 20M; none for `encode`]
    #[arg(long, value_name = "R", value_parser = parse_ceiling)]
    max_bitrate: Option<BitRate>,

    /// Threads that an encoder may use
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: u16,
}

impl CodingArgs {
    /// The ceiling of frame-export, which decides the quality of what moves a lot.
    pub(crate) const SERVED: BitRate = BitRate::from_bits_per_second(20_000_000);
    /// So high that every picture has the quality asked for.
    pub(crate) const NO_CEILING: BitRate = BitRate::from_bits_per_second(u32::MAX);

    pub(crate) fn max_bitrate_or(&self, otherwise: BitRate) -> BitRate {
        self.max_bitrate.unwrap_or(otherwise)
    }

    pub(crate) fn encoder_config(&self, fps: FrameRate, max_bitrate: BitRate) -> EncoderConfig {
        let Self { size, quality, threads, .. } = *self;
        EncoderConfig { size, fps, quality, max_bitrate, threads }
    }

    /// For the title of a table.
    pub(crate) fn describe(&self, otherwise: BitRate) -> String {
        let Self { size, quality, threads, .. } = self;
        let ceiling = match self.max_bitrate_or(otherwise) {
            Self::NO_CEILING => "no ceiling".to_owned(),
            rate => format!("at most {rate}"),
        };
        let threads = if *threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
        format!("{size}, quality {}, {ceiling}, {threads}", quality.get())
    }
}

/// Which encoders are compared.
#[derive(Debug, Clone, Args)]
pub(crate) struct EncoderArgs {
    /// Encoders, separated by commas; `all` that work here, or `auto`: the one that is chosen unasked
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    pub(crate) encoders: Vec<Pick>,
}

/// How long each measurement is.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(crate) struct BudgetArgs {
    /// Frames to measure with each kind and encoder [default: 300]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    frames: Option<u64>,

    /// Time to measure with each kind and encoder, instead of a number of frames
    #[arg(long, value_name = "N", value_parser = parse_seconds)]
    seconds: Option<Duration>,
}

/// When a measurement is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Budget {
    Frames(u64),
    Time(Duration),
}

impl BudgetArgs {
    pub(crate) fn budget(&self) -> Budget {
        match (self.seconds, self.frames) {
            (Some(time), _) => Budget::Time(time),
            (None, frames) => Budget::Frames(frames.unwrap_or(300)),
        }
    }
}

impl Budget {
    pub(crate) fn is_spent(self, frames: u64, elapsed: Duration) -> bool {
        match self {
            Self::Frames(most) => frames >= most,
            Self::Time(most) => elapsed >= most,
        }
    }
}
