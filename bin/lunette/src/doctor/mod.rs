//! `lunette doctor`: every hop between a person and a desktop, what was seen there, and what to do.

mod guest;
mod hops;
mod live;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::up::{self, StateDir, known};

/// Arguments of `lunette doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also prove which accelerator works, which takes up to half a minute
    #[arg(long)]
    prove: bool,
    /// Where `lunette up` would serve
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8600", env = "LUNETTE_LISTEN")]
    listen: SocketAddr,
    #[command(flatten)]
    state: StateDir,
}

/// What was seen at one hop.
#[derive(Debug, Serialize)]
struct Hop {
    name: &'static str,
    state: Health,
    /// What was seen.
    seen: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Good,
    /// It works, if not well; or it is not looked at for a reason.
    Odd,
    Bad,
}

impl Hop {
    fn good(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, state: Health::Good, seen: seen.into(), remedy: None }
    }

    fn odd(name: &'static str, seen: impl Into<String>, remedy: &str) -> Self {
        Self { name, state: Health::Odd, seen: seen.into(), remedy: Some(remedy.to_owned()) }
    }

    fn bad(name: &'static str, seen: impl Into<String>, remedy: &str) -> Self {
        Self { name, state: Health::Bad, seen: seen.into(), remedy: Some(remedy.to_owned()) }
    }
}

impl Doctor {
    /// Walks every hop; fails when one is bad.
    pub(crate) fn run(&self) -> Result<String> {
        let folder = self.state.path()?;
        let mut hops = hops::machine(&folder, self.prove);
        hops.extend(self.running(&folder));
        let text = if self.json { format!("{}\n", json!(hops)) } else { report(&hops) };
        if hops.iter().any(|hop| hop.state == Health::Bad) {
            print!("{text}");
            bail!("something is wrong: see above");
        }
        Ok(text)
    }

    fn running(&self, folder: &Path) -> Vec<Hop> {
        match known(folder) {
            Some(known) => live::hops(&known),
            None => {
                let port = match up::port(self.listen) {
                    Ok(()) => Hop::good("port", format!("{} is free", self.listen)),
                    Err(error) => Hop::bad("port", format!("{error:#}"), "`ss -ltnp` says who has it"),
                };
                let plane =
                    Hop::odd("control plane", format!("none runs in {}", folder.display()), "`lunette up` starts one");
                vec![port, plane]
            }
        }
    }
}

fn report(hops: &[Hop]) -> String {
    let mut text = String::new();
    for hop in hops {
        let mark = match hop.state {
            Health::Good => "ok ",
            Health::Odd => "?  ",
            Health::Bad => "BAD",
        };
        let _ = writeln!(text, "{mark} {:16} {}", hop.name, hop.seen);
        if let Some(remedy) = &hop.remedy {
            let _ = writeln!(text, "    {:16} -> {remedy}", "");
        }
    }
    text
}
