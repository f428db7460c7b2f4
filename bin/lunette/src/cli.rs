//! The command line.

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::bench::Bench;
use crate::config::{self, Config};
use crate::demo::Demo;
use crate::desktops::{Create, Exec, Logs, Open, Screenshot, Status, Stop, Stream};
use crate::doctor::Doctor;
use crate::documents::{Completions, Man};
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
    /// How hosts and desktops are doing
    Status(Status),
    /// Log a browser in, and open the wall or a desktop
    Open(Open),
    /// Make a desktop
    Create(Box<Create>),
    /// End desktops
    Stop(Stop),
    /// Watch a desktop without a screen: frames, bit rate, latency
    Stream(Stream),
    /// Take a picture of a desktop
    Screenshot(Screenshot),
    /// Run a program in a desktop
    Exec(Exec),
    /// What a desktop's programs print
    Logs(Logs),
    /// Walk every hop from here to a desktop, and say for each what was seen, what is wrong and what to do
    Doctor(Doctor),
    /// The configuration file
    #[command(subcommand)]
    Config(Config),
    /// Print completions for a shell
    Completions(Completions),
    /// Write manual pages
    Man(Man),
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
    /// Reads the configuration file, the environment and the command line, of which the last counts most. `--help`,
    /// `--version` and mistakes end the process.
    ///
    /// # Errors
    /// When the configuration file cannot be used.
    pub fn read() -> Result<Self> {
        // Whoever asks for a file to be checked is told of it by the check.
        let checks = std::env::args_os().nth(1).is_some_and(|word| word == "config");
        let cli = if checks { Self::command() } else { config::with_file(Self::command())? };
        Ok(Self::from_arg_matches(&cli.get_matches()).unwrap_or_else(|error| error.exit()))
    }

    /// Does what the arguments ask for; returns what to print.
    ///
    /// # Errors
    /// When it cannot be done; the chain of causes is for a person.
    pub fn run(&self) -> Result<String> {
        match &self.command {
            Command::Up(up) => up.run(),
            Command::Down(down) => down.run(),
            Command::Status(status) => status.run(),
            Command::Open(open) => open.run(),
            Command::Create(create) => create.run(),
            Command::Stop(stop) => stop.run(),
            Command::Stream(stream) => stream.run(),
            Command::Screenshot(screenshot) => screenshot.run(),
            Command::Exec(exec) => exec.run(),
            Command::Logs(logs) => logs.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Config(config) => config.run(&Self::command()),
            Command::Completions(completions) => completions.run(Self::command()),
            Command::Man(man) => man.run(Self::command()),
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
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
