//! `desktop-probe`: tries what a desktop must not be able to do, and prints what came of it, one JSON object per line.

#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, TcpListener};

use clap::{Parser, Subcommand};
use desktop_tests::{Target, attempts};

/// What a test needs inside of a desktop, or beside it.
#[derive(Debug, Parser)]
#[command(name = "desktop-probe")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try everything that a desktop must not be able to do
    Try(Target),
    /// Take connections on all addresses, so that silence means that something is in between
    Listen {
        /// Where
        port: u16,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Try(target) => {
            for attempt in attempts(&target) {
                println!("{}", serde_json::to_string(&attempt)?);
            }
        }
        Command::Listen { port } => {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
            listener.incoming().for_each(drop);
        }
    }
    Ok(())
}
