//! `lunette status`.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::At;

/// Arguments of `lunette status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    /// How hosts and desktops are doing.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let (hosts, desktops) = (api.get("/api/v1/hosts")?, api.get("/api/v1/desktops")?);
        if self.json {
            return Ok(format!("{}\n", json!({ "url": api.url(), "hosts": hosts, "desktops": desktops })));
        }
        let rows = |list: &Value, row: fn(&Value) -> Vec<String>| -> Vec<Vec<String>> {
            list.as_array().into_iter().flatten().map(row).collect()
        };
        let hosts = table(
            &["HOST", "STATE", "DESKTOPS", "FREE MEMORY", "LOAD", "SCANOUTS", "PICTURES", "WHY"],
            &rows(&hosts, host),
        );
        let desktops = table(
            &["DESKTOP", "STATE", "PROFILE", "SIZE", "HOST", "VIEWERS", "OWNER", "WHY"],
            &rows(&desktops, desktop),
        );
        Ok(format!("{}\n\n{hosts}\n{desktops}", api.url()))
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn host(host: &Value) -> Vec<String> {
    let facts = &host["facts"];
    let free = facts["memory_available_mib"].as_u64().map(|mib| format!("{mib} MiB")).unwrap_or_default();
    let drained = if host["draining"] == true { ", drained" } else { "" };
    let scanouts = facts["scanouts"].as_object().map(|_| &facts["scanouts"]);
    let scanouts = scanouts.map(|scanouts| format!("{} of {} free", scanouts["free"], scanouts["all"]));
    vec![
        text(&host["name"]),
        format!("{}{drained}", text(&host["state"])),
        text(&host["desktops"]),
        free,
        text(&facts["load"]),
        scanouts.unwrap_or_default(),
        text(&host["pictures"]),
        text(&host["why"]),
    ]
}

fn desktop(one: &Value) -> Vec<String> {
    ["id", "state", "profile", "size", "host", "viewers", "owner", "why"].map(|name| text(&one[name])).to_vec()
}

/// Columns as wide as what is in them.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|word| (*word).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    all.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_drained_and_how_many_scanouts_it_has_is_told() {
        let told = json!({
            "name": "far", "state": "here", "draining": true, "desktops": 2, "pictures": "dialled", "why": null,
            "facts": { "memory_available_mib": 700, "load": 0.5, "scanouts": { "all": 15, "free": 13 } },
        });
        assert_eq!(host(&told), ["far", "here, drained", "2", "700 MiB", "0.5", "13 of 15 free", "dialled", ""]);
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let row = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        assert_eq!(
            table(&["A", "STATE"], &[row(["desktop-1", "x"]), row(["b", ""])]),
            "A          STATE\ndesktop-1  x\nb\n"
        );
    }
}
