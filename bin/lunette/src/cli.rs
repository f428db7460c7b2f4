//! The command line.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::demo::Demo;
use crate::image::Image;
use crate::up::{Down, Up};
use crate::vm::{self, Vm};

/// Desktops in a virtual machine, live in a browser
#[derive(Debug, Parser)]
#[command(name = "lunette", version = frame_export::BUILD_ID)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a wall of live desktops in a browser, from nothing
    ///
    /// Builds the guest's image where it is missing, boots it, starts what serves it, makes the desktops, and prints an
    /// address that logs in. Goes on until Ctrl-C or `lunette down`; what runs already is joined.
    Up(Box<Up>),
    /// End what `lunette up` started, and nothing else
    Down(Down),
    /// Measure what the frame path costs on this machine
    ///
    /// Every table starts with the command that made it, and every cost with its least, middle and largest value.
    /// Close what else runs: two busy cores make any of these figures meaningless.
    #[command(subcommand)]
    Bench(Bench),
    /// Show live outputs of a virtual machine, from an empty cache to pictures that can be watched
    ///
    /// Builds the guest's image where it is missing, boots it, takes leases with page flips on them, and streams each
    /// output. Says how long it took until the first picture, and how to watch. Goes on until Ctrl-C.
    Demo(Box<Demo>),
    /// Build and keep guest images
    #[command(subcommand)]
    Image(Image),
    /// Run a virtual machine
    #[command(subcommand)]
    Vm(Vm),
    /// Guard a virtual machine: what this program starts itself as
    #[command(hide = true)]
    VmGuard,
}

impl Cli {
    /// Does what the arguments ask for; returns what to print.
    ///
    /// # Errors
    /// When it cannot be done; the chain of causes is for a person.
    pub fn run(&self) -> Result<String> {
        match &self.command {
            Command::Up(up) => up.run(),
            Command::Down(down) => down.run(),
            Command::Bench(bench) => bench.run(),
            Command::Demo(demo) => demo.run(),
            Command::Image(image) => image.run(),
            Command::Vm(vm) => vm.run(),
            Command::VmGuard => vm::run_guard(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
