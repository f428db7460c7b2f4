//! The command line.

use std::num::NonZeroU32;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::dist::Arch;

/// The repository's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything a commit must pass short of the tests: layers, licences, tests that pages name, formatting, clippy
    ///
    /// All five run even when one fails, so that one round shows every complaint.
    Check,
    /// Dependency direction between folders, purity of core/, places where unsafe is allowed
    ///
    /// An edge goes to the same or a lower layer: core 0, sys 1, adapters and drivers 2, bin, ffi and xtask 3,
    /// tests 4. Dev-dependencies obey the same rule; a test that needs things from above lives under tests/.
    Layers,
    /// Licences of all crates in the graph against the allow list of deny.toml
    Licences,
    /// End-to-end tests, built for release; `gnome` is the one of GNOME Shell, which takes minutes and builds its image
    E2e(E2eOptions),
    /// Builds the fuzz targets on the stable toolchain and runs them
    ///
    /// Seeds are in fuzz/seeds/<target>; the working corpus stays in the target directory; an input that breaks a
    /// target is kept in fuzz/artifacts/<target>.
    Fuzz(FuzzOptions),
    /// Simulations on virtual time, with faults that follow from a seed
    Sim(SimOptions),
    /// The GStreamer element: pictures while its connection is cut at random, or its benchmark
    ///
    /// The benchmark runs behind user-mode networking in a network namespace, which takes root and slirp4netns.
    Vsockenc(VsockencOptions),
    /// Debian packages and an archive of a release in <target>/dist, with a SHA256SUMS file
    ///
    /// What goes where is in packaging/. Every program is run once, every package has to pass lintian.
    Dist(DistOptions),
    /// Builds the viewer into web/dist; programs that are compiled after that embed it
    ///
    /// Needs Node.js 20 or newer and npm, which fetches what web/package-lock.json names.
    Web(WebOptions),
}

/// What a release is for.
#[derive(Debug, Args)]
pub struct DistOptions {
    /// Another processor besides this machine's; may be given again
    #[arg(long, value_enum)]
    pub arch: Vec<Arch>,
}

/// What to do with the viewer.
#[derive(Debug, Args)]
pub struct WebOptions {
    /// From a clean installation; types, tests and the weight of the first load are checked too
    #[arg(long)]
    pub test: bool,
}

/// Which end-to-end tests.
#[derive(Debug, Args)]
pub struct E2eOptions {
    /// Instead of those that CI runs too
    #[arg(value_enum)]
    pub only: Option<LongTest>,
}

/// Tests that take too long for every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LongTest {
    /// GNOME Shell on a lease
    Gnome,
    /// Twenty thousand pictures of the screen encoder through two decoders
    Codec,
}

/// Which seeds.
#[derive(Debug, Args)]
pub struct SimOptions {
    /// How many
    #[arg(long, default_value_t = 10_000)]
    pub seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    pub first: u64,
}

/// What to do with the element.
#[derive(Debug, Args)]
pub struct VsockencOptions {
    /// Pictures to push while the connection is cut
    #[arg(long, default_value_t = 10_000)]
    pub pictures: u32,
    /// The benchmark instead
    #[arg(long)]
    pub bench: bool,
    /// The benchmark in a virtual machine, instead of a network namespace
    #[arg(long, requires = "bench")]
    pub guest: bool,
    /// Seconds for each line of the benchmark
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Size of the benchmark's pictures
    #[arg(long, default_value = "1920x1080")]
    pub size: String,
}

/// Which targets, and for how long.
#[derive(Debug, Args)]
pub struct FuzzOptions {
    /// Total time in seconds, divided over the targets
    #[arg(long, default_value = "60")]
    pub seconds: NonZeroU32,
    /// Targets to run; all of them when none is named
    pub targets: Vec<String>,
}
