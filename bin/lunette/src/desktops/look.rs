//! `lunette open`, `lunette screenshot`, `lunette logs`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::At;
use crate::api::path_part;

/// Arguments of `lunette open`.
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// A desktop, to open it alone [default: the wall]
    id: Option<String>,
    /// Print the address and open nothing
    #[arg(long)]
    no_open: bool,
    #[command(flatten)]
    at: At,
}

impl Open {
    /// Makes a link that logs in, and opens it.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let link = api.post("/api/v1/login-links", &Value::Null)?;
        let fragment = link["fragment"].as_str().context("no link in the answer")?;
        let desktop = self.id.as_ref().map(|id| format!("&desktop={}", path_part(id))).unwrap_or_default();
        let address = format!("{}/{fragment}{desktop}", api.url());
        if !self.no_open {
            crate::browser::open(&address);
        }
        Ok(format!("{address}\n"))
    }
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Png,
    Jpeg,
    Webp,
}

/// Arguments of `lunette screenshot`.
#[derive(Debug, Args)]
pub(crate) struct Screenshot {
    /// Of which desktop
    id: String,
    /// Where it goes [default: ID.png, or by its format]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What kind of file
    #[arg(long, value_enum, default_value_t = Format::Png)]
    format: Format,
    /// With the pointer
    #[arg(long)]
    cursor: bool,
    #[command(flatten)]
    at: At,
}

impl Screenshot {
    /// Takes one.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let format = format!("{:?}", self.format).to_lowercase();
        let cursor = if self.cursor { "&include_cursor=1" } else { "" };
        let path = format!("/api/v1/desktops/{}/screenshot?format={format}&quality=90{cursor}", path_part(&self.id));
        let file = api.bytes("GET", &path, None, Duration::from_secs(60))?;
        let to = self.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{format}", self.id)));
        std::fs::write(&to, file).with_context(|| format!("cannot write {}", to.display()))?;
        Ok(format!("{}\n", to.display()))
    }
}

/// Arguments of `lunette logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Of which desktop
    id: String,
    /// Go on until it is over
    #[arg(short, long)]
    follow: bool,
    /// Of its launcher instead
    #[arg(long)]
    launcher: bool,
    /// Of its bridge instead
    #[arg(long, conflicts_with = "launcher")]
    bridge: bool,
    #[command(flatten)]
    at: At,
}

impl Logs {
    /// Prints them as they come.
    pub(crate) fn run(&self) -> Result<String> {
        let of = match (self.launcher, self.bridge) {
            (true, _) => "launcher",
            (_, true) => "bridge",
            _ => "desktop",
        };
        let follow = u8::from(self.follow);
        let path = format!("/api/v1/desktops/{}/logs?of={of}&follow={follow}", path_part(&self.id));
        self.at.api()?.pour(&path, &mut io::stdout().lock())?;
        Ok(String::new())
    }
}
