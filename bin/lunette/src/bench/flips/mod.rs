//! `lunette bench flips`.
//!
//! ```text
//!   guest under QEMU: drm-flipper × N ──flip──▶ frame-export ──TCP──▶ N subscribers in this process
//!        │ when each flip was asked for, on the host's clock              │ capture time, arrival
//!        └────────────────────────────▶ latency ◀─────────────────────────┘
//! ```

mod clock_server;
mod latency;
mod measure;
mod report;
mod subscriber;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lunette_frame::Size;
use lunette_vm::{Accelerator, Cpus, Mebibytes};

use super::args::OutputArgs;
use super::document::Document;
use super::units::parse_seconds;
use crate::image::KernelName;
use crate::lab::{ExporterPlan, Lab, LabPlan, Programs, System};

/// Arguments of `lunette bench flips`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FlipsArgs {
    /// Numbers of outputs that flip at once, separated by commas
    #[arg(long, value_name = "NS", value_delimiter = ',', default_value = "1,3,8",
          value_parser = clap::value_parser!(u8).range(1..=15))]
    outputs: Vec<u8>,

    /// Flips per second of each output; 0 = as fast as the guest's kernel flips
    #[arg(long, value_name = "N", default_value = "60", value_parser = clap::value_parser!(u32).range(0..=1000))]
    fps: u32,

    /// Size of each output
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    size: Size,

    /// What changes per flip: full, or small, which is a box of 64x64 and the frame's number
    #[arg(long, value_name = "full|small", default_value = "small", value_parser = ["full", "small"])]
    damage: String,

    /// Time to measure each number of outputs
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse_seconds)]
    seconds: Duration,

    /// How often to measure each
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,

    /// The guest's kernel: `backports` paces flips by a timer of its own, `stable` (6.12) does not
    #[arg(long, value_enum, default_value_t = KernelName::Backports)]
    kernel: KernelName,

    /// What runs the guest's code: kvm, hvf or tcg; without it the fastest that is proved to work
    #[arg(long)]
    accel: Option<Accelerator>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Boots one machine and measures every number of outputs on it.
pub(crate) fn run(args: &FlipsArgs) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot make a temporary directory")?;
    let plan = LabPlan {
        name: format!("bench-{}", std::process::id()).parse()?,
        programs: Programs::beside_this()?,
        guest_programs: Vec::new(),
        system: System::Test,
        shares: Vec::new(),
        kernel: args.kernel.into(),
        accelerator: args.accel,
        cpus: Cpus::new(2)?,
        memory: Mebibytes::new(1024)?,
        guard: crate::vm::this_program()?,
        exporter: ExporterPlan { arguments: Vec::new(), log: Some(folder.path().join("frame-export.log")) },
        console: false,
    };
    eprintln!("booting a machine; the image is built first where it is missing");
    let mut lab = Lab::start(&plan, &mut |_| {})?;
    let mut rows = Vec::new();
    for outputs in &args.outputs {
        for round in 1..=args.rounds {
            eprintln!("{outputs} outputs, round {round} of {}", args.rounds);
            rows.push(measure::measure(&lab, args, *outputs)?);
        }
    }
    let kernel = lab.guest().run("uname -r")?.trim().to_owned();
    lab.vm_mut().powerdown(Duration::from_secs(5))?;
    Document::new(rows, Vec::new()).render(args.output.format(), |rows| report::tables(rows, args, &kernel))
}
