//! `lunette create`, `lunette stop`, `lunette exec`.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use lunette_frame::Size;
use serde_json::{Map, Value, json};

use super::At;
use crate::api::path_part;

/// For a desktop to be as it is wanted.
const WAIT: Duration = Duration::from_secs(300);

/// Arguments of `lunette create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is made of
    profile: String,
    /// Its id [default: one is made up]
    #[arg(long)]
    id: Option<String>,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Size of its screen
    #[arg(long, value_name = "WxH", default_value = "1280x720")]
    size: Size,
    /// A word to find it by; may be given again
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// On which host [default: where most memory is free]
    #[arg(long)]
    host: Option<String>,
    /// Do not wait until it runs
    #[arg(long)]
    no_wait: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

impl Create {
    /// Makes one.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let mut wish = Map::new();
        wish.insert("profile".to_owned(), json!(self.profile));
        wish.insert("size".to_owned(), json!(self.size.to_string()));
        wish.insert("tags".to_owned(), json!(self.tags));
        for (name, value) in [("id", &self.id), ("name", &self.name), ("host", &self.host)] {
            wish.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
        }
        let wait = if self.no_wait { 0 } else { WAIT.as_secs() };
        let made = api.post_within(&format!("/api/v1/desktops?wait={wait}"), &Value::Object(wish), WAIT)?;
        if self.json {
            return Ok(format!("{made}\n"));
        }
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        ensure!(text("state") != "failed", "{} failed: {}", text("id"), text("why"));
        Ok(format!("{} is {}\n", text("id"), text("state")))
    }
}

/// Arguments of `lunette stop`.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// Which desktops
    #[arg(required_unless_present = "all")]
    ids: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Forget them, too; otherwise `lunette create` with the same id starts them again
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    at: At,
}

impl Stop {
    /// Ends them.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let list = if self.all { api.get("/api/v1/desktops")? } else { Value::Null };
        let every = list.as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
        let ids: Vec<&str> = every.chain(self.ids.iter().map(String::as_str)).collect();
        let mut said = String::new();
        for id in ids {
            let path = format!("/api/v1/desktops/{}", path_part(id));
            let (left, word) = if self.remove {
                (api.delete(&format!("{path}?wait={}", WAIT.as_secs()), WAIT)?, "gone")
            } else {
                (api.post_within(&format!("{path}/stop?wait={}", WAIT.as_secs()), &Value::Null, WAIT)?, "stopped")
            };
            let state = left["state"].as_str().unwrap_or_default();
            ensure!(state == word, "{id} is {state} still: {}", left["why"].as_str().unwrap_or_default());
            said += &format!("{id} is {word}\n");
        }
        Ok(said)
    }
}

/// Arguments of `lunette exec`.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// In which desktop
    id: String,
    /// Seconds that it may take
    #[arg(long, value_name = "S", default_value_t = 60)]
    timeout: u64,
    /// Print what the control plane says, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
    /// Program and arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    argv: Vec<String>,
}

impl Exec {
    /// Runs it; what it printed.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let path = format!("/api/v1/desktops/{}/exec", path_part(&self.id));
        let wish = json!({ "command": self.argv, "timeout": self.timeout });
        let ran = api.post_within(&path, &wish, Duration::from_secs(self.timeout + 15))?;
        if self.json {
            return Ok(format!("{ran}\n"));
        }
        let text = |name: &str| ran[name].as_str().unwrap_or_default().to_owned();
        eprint!("{}", text("stderr"));
        if ran["success"] == true {
            return Ok(text("stdout"));
        }
        print!("{}", text("stdout"));
        bail!("{} ended with {} {}", self.argv[0], ran["exit_code"], text("error"))
    }
}
