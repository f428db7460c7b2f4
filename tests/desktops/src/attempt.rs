//! One thing that is tried, and what came of it.

use std::fmt::Display;
use std::net::Ipv4Addr;

use clap::Args;
use lunette_frame::ScanoutId;
use serde::{Deserialize, Serialize};

/// What is around the desktop.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The machine that runs the machine.
    #[arg(long, default_value = "10.0.2.2")]
    pub host: Ipv4Addr,
    /// Where its frame-export takes connections.
    #[arg(long)]
    pub export_port: u16,
    /// Where it has its metrics, which are nobody's in a desktop.
    #[arg(long)]
    pub metrics_port: u16,
    /// The address of another desktop.
    #[arg(long)]
    pub neighbour: Ipv4Addr,
    /// A port on which something in the neighbour listens.
    #[arg(long)]
    pub neighbour_port: u16,
    /// A process of another desktop, as the machine numbers it.
    #[arg(long)]
    pub neighbour_pid: i32,
    /// The scanout of another desktop.
    #[arg(long)]
    pub neighbour_scanout: u16,
    /// A port on which something of the guest itself listens, on all addresses.
    #[arg(long)]
    pub guest_port: u16,
    /// A port of the guest that leads to the bridges of all desktops, for the host.
    #[arg(long)]
    pub bridges_port: u16,
    /// The port of the host that leads there.
    #[arg(long)]
    pub host_bridges_port: u16,
    /// The id of another desktop.
    #[arg(long)]
    pub neighbour_id: String,
    /// An input device of another desktop, such as event5.
    #[arg(long)]
    pub neighbour_input: String,
    /// The card of another desktop, such as card2.
    #[arg(long)]
    pub neighbour_card: String,
}

impl Target {
    pub(crate) fn neighbour_scanout(&self) -> ScanoutId {
        ScanoutId::new(self.neighbour_scanout)
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was refused, as it must be; how.
    Refused(String),
    /// It worked, which is a hole.
    Worked(String),
    /// It could not even be tried here, which shows nothing; why.
    Untried(String),
}

/// One thing that is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What is tried.
    pub what: String,
    /// What came of it.
    pub outcome: Outcome,
}

impl Attempt {
    /// Something whose success is a hole.
    pub(crate) fn new<T, E: Display>(what: impl Into<String>, tried: Result<T, E>) -> Self {
        let outcome = match tried {
            Ok(_) => Outcome::Worked("it worked".to_owned()),
            Err(error) => Outcome::Refused(error.to_string()),
        };
        Self { what: what.into(), outcome }
    }

    /// Something that cannot be tried here.
    pub(crate) fn untried(what: impl Into<String>, why: impl Display) -> Self {
        Self { what: what.into(), outcome: Outcome::Untried(why.to_string()) }
    }
}
