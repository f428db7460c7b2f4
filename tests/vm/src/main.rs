//! `guest-probe`: what the tests need inside a guest.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lunette_frame::{ScanoutId, Size};
use lunette_wire::Token;
use vm_tests::{follow, hostile, rounds};

/// Take many leases at once, follow a size, or misbehave
#[derive(Debug, Parser)]
enum Cli {
    /// Lease outputs, check them, give them back; as often as asked
    Rounds {
        #[arg(long)]
        socket: PathBuf,
        /// Leases at once
        #[arg(long)]
        count: usize,
        #[arg(long)]
        rounds: usize,
        #[arg(long)]
        size: Size,
    },
    /// Lease one output, and show pictures of whatever size it is given
    Follow {
        #[arg(long)]
        socket: PathBuf,
        /// At first
        #[arg(long)]
        size: Size,
        #[arg(long)]
        token_file: PathBuf,
    },
    /// Try everything that is not allowed against the lease of somebody else
    Hostile {
        #[arg(long)]
        socket: PathBuf,
        /// frame-export, as the guest reaches it
        #[arg(long)]
        host: SocketAddr,
        /// Somebody else's scanout
        #[arg(long)]
        victim: u16,
        /// The token of a lease of one's own
        #[arg(long)]
        token: Token,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse() {
        Cli::Rounds { socket, count, rounds, size } => rounds::run(&rounds::Plan { socket, count, rounds, size }),
        Cli::Follow { socket, size, token_file } => follow::run(&follow::Plan { socket, size, token_file }),
        Cli::Hostile { socket, host, victim, token } => {
            hostile::run(&hostile::Plan { socket, host, victim: ScanoutId::new(victim), token })
        }
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("guest-probe: {error:#}");
            ExitCode::FAILURE
        }
    }
}
