//! The repository's own commands: what a person runs before a commit is what CI runs.
//!
//! ```text
//!   check ── layers   folder names are the dependency direction; core/ stays pure; unsafe stays in its places
//!        ├── licences every crate in the graph against the allow list of deny.toml
//!        ├── named    tests that pages of the documentation name exist
//!        ├── fmt
//!        └── clippy
//!   e2e, fuzz, sim, vsockenc, dist, web build something, then run or pack it
//! ```
//!
//! Everything is read from `cargo metadata` and from the source text, so a checkout needs no tool besides cargo.

#![forbid(unsafe_code)]

mod check;
mod cli;
mod dist;
mod e2e;
mod fuzz;
mod layers;
mod lexer;
mod licences;
mod metadata;
mod named;
mod process;
mod sim;
mod spdx;
mod vsockenc;
mod web;

pub use cli::{Cli, Command};

/// Runs one command in the workspace around the current directory.
///
/// # Errors
/// When the command found something to complain about (printed before), or could not do its work.
pub fn run(command: Command) -> anyhow::Result<()> {
    let metadata = metadata::Metadata::of_workspace()?;
    match command {
        Command::Check => check::run(&metadata),
        Command::Layers => layers::run(&metadata),
        Command::Licences => licences::run(&metadata),
        Command::E2e(options) => e2e::run(&metadata, &options),
        Command::Fuzz(options) => fuzz::run(&metadata, &options),
        Command::Vsockenc(options) => vsockenc::run(&metadata, &options),
        Command::Sim(options) => sim::run(&metadata, &options),
        Command::Dist(options) => dist::run(&metadata, &options),
        Command::Web(options) => web::run(&metadata, &options),
    }
}
