//! `lunette demo`: from nothing to pictures that can be watched.
//!
//! ```text
//!   image ─▶ accelerator ─▶ boot ─▶ for each output: lease, flips, first picture ─▶ how to watch ─▶ Ctrl-C
//! ```

mod address;
mod output;
mod text;
mod until;

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use lunette_frame::Size;
use lunette_vm::{Accelerator, Cpus, Label, Mebibytes, RunPaths};
use tracing_subscriber::EnvFilter;

use crate::image::KernelName;
use crate::image::bar::Bar;
use crate::interrupts::interrupts;
use crate::lab::{ExporterPlan, FlipperPlan, Lab, LabPlan, Listen, Programs, System};
use crate::vm::this_program;

use output::Output;
use text::Parts;

/// How long the guest may take to switch itself off.
const GRACE: Duration = Duration::from_secs(5);

/// Arguments of `lunette demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Outputs, each with a lease of its own
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=15))]
    outputs: u8,
    /// Size of each output
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    size: Size,
    /// Page flips per second of each output; 0 = as fast as the guest's kernel flips
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=1000))]
    fps: u32,
    /// Stop this many seconds after the outputs are there, instead of at Ctrl-C
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// What runs the guest's code: kvm, hvf or tcg; without it the fastest that is proved to work
    #[arg(long)]
    accel: Option<Accelerator>,
    /// With which of Debian's kernels
    #[arg(long, value_enum, default_value_t = KernelName::Backports)]
    kernel: KernelName,
    /// Where to serve streams: a port of 127.0.0.1, or of 0.0.0.0 for other machines; port 0 is a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:15937", value_parser = address::reachable)]
    tcp: SocketAddr,
    /// What to call the machine; no two of a user have the same name
    #[arg(long, default_value = "demo")]
    name: Label,
}

impl Demo {
    /// Shows it until the end; returns what to print then.
    pub(crate) fn run(&self) -> Result<String> {
        let began = Instant::now();
        let terminal = io::stderr().is_terminal();
        let filter = EnvFilter::try_from_env("LUNETTE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(terminal).init();
        let programs = Programs::beside_this()?;
        let watcher = programs.path("scanout-stream-test")?;
        let listen = Listen { streams: Some(address::free(self.tcp)?), metrics: address::for_metrics() };

        // Until the machine runs a signal just ends this process; the machine's guard ends the machine then.
        let (mut lab, image) = self.start(programs, listen)?;
        let interrupts = interrupts()?;
        let outputs = self.outputs(&lab, began)?;
        let start = lab.times();
        let first = outputs.first().context("there is an output at least")?;
        let parts = Parts { image: image + start.image, start, lease: first.lease, picture: first.picture };
        say(&text::first_picture(first.shown, lab.accelerator(), &parts))?;
        say(&text::how_to_watch(&watcher, &outputs, &lab))?;
        let until = self.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
        until::end(&mut lab, &interrupts, until)?;
        say("\nending\n")?;
        lab.vm_mut().powerdown(GRACE)?;
        Ok(String::new())
    }

    /// Builds and boots, with a word about each; returns how long the image took, too.
    fn start(&self, programs: Programs, listen: Listen) -> Result<(Lab, Duration)> {
        let plan = LabPlan {
            name: self.name.clone(),
            programs,
            guest_programs: Vec::new(),
            system: System::Test,
            shares: Vec::new(),
            kernel: self.kernel.into(),
            accelerator: self.accel,
            cpus: Cpus::new(2)?,
            memory: Mebibytes::new(1024)?,
            guard: this_program()?,
            exporter: ExporterPlan {
                log: Some(RunPaths::named(&self.name).root().join("frame-export.log")),
                ..ExporterPlan::default()
            },
            console: false,
        };
        let began = Instant::now();
        let mut bar = Bar::new();
        let built = plan.image(&mut |progress| bar.show(progress));
        bar.end();
        built?;
        let image = began.elapsed();
        eprintln!("image ready after {:.1} s; booting", image.as_secs_f64());
        Ok((Lab::start_at(&plan, listen, &mut |_| {})?, image))
    }

    /// One after the other, so that the first picture need not wait for the last lease.
    fn outputs(&self, lab: &Lab, began: Instant) -> Result<Vec<Output>> {
        eprintln!("booted after {:.1} s; taking {} leases", began.elapsed().as_secs_f64(), self.outputs);
        // A small change per flip is what desktops do most, and leaves a slow guest some time.
        let arguments = ["--damage", "small"].map(str::to_owned).to_vec();
        let plan = FlipperPlan { size: self.size, fps: self.fps, time: Duration::ZERO, arguments };
        let shown = |number| {
            let output = Output::start(lab, &plan, began);
            let output = output.with_context(|| format!("cannot show output {number} of {}", self.outputs))?;
            eprintln!("{}", text::shown(&output));
            Ok(output)
        };
        (1..=self.outputs).map(shown).collect()
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
