//! The configuration file: what flags are when neither the command line nor the environment says.
//!
//! ```text
//!   file ──▶ default of a flag ──▶ LUNETTE_… ──▶ --flag      the last that says something counts
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{ArgAction, Args, Command, Subcommand};
use toml::{Table, Value};

/// What a file may look like.
const EXAMPLE: &str = "\
# Configuration of lunette. Each line is a flag of the same name; the environment (LUNETTE_LISTEN, …) and the command
# line count more.

# Where desktops, users and the administrator's token are kept.
# state-dir = \"/var/lib/lunette\"

[up]
# Desktops to have at least, what they are made of, and the size of each.
# desktops = 2
# profile = \"light\"
# size = \"1280x720\"
# Memory of the machine in MiB, and its processors.
# vm-memory = 6144
# vm-cpus = 2
# Where to serve the wall and the API. Elsewhere than on loopback it is by TLS, with a certificate of our own.
# listen = \"127.0.0.1:8600\"
# Names that browsers reach this by, besides addresses and localhost.
# allowed-host = [\"desktops.example.org\"]
# no-open = true
";

/// The words of `lunette config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check a configuration file
    Check(Check),
    /// Print an example with comments, and where it would be looked for
    Example,
}

/// Arguments of `lunette config check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The file [default: the one that would be used]
    file: Option<PathBuf>,
}

impl Config {
    /// Does what is asked for.
    pub(crate) fn run(&self, cli: &Command) -> Result<String> {
        match self {
            Self::Example => {
                let place = place().map(|path| format!("# {}\n", path.display())).unwrap_or_default();
                Ok(format!("{place}{EXAMPLE}"))
            }
            Self::Check(check) => {
                let Some(path) = check.file.clone().or_else(place) else { bail!("there is no HOME: name a file") };
                let applied = applied(cli.clone(), &path)?;
                let tried = applied.try_get_matches_from(["lunette", "up"]);
                // Its text has its cause in it already.
                tried.map_err(|error| anyhow!("{} has a value that cannot be: {error}", path.display()))?;
                Ok(format!("{} is fine\n", path.display()))
            }
        }
    }
}

/// Where the file is looked for: `LUNETTE_CONFIG`, or below the user's configuration.
pub(crate) fn place() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LUNETTE_CONFIG") {
        return Some(path.into());
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(folder.or_else(home)?.join("lunette/config.toml"))
}

/// The command line with what the file says as its defaults, where there is a file.
pub(crate) fn with_file(cli: Command) -> Result<Command> {
    let named = std::env::var_os("LUNETTE_CONFIG").is_some();
    match place() {
        Some(path) if named || path.exists() => applied(cli, &path),
        _ => Ok(cli),
    }
}

fn applied(cli: Command, path: &Path) -> Result<Command> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let table: Table = text.parse().with_context(|| format!("{shown} is no TOML"))?;
    apply(cli, &table).with_context(|| format!("cannot use {shown}"))
}

fn apply(mut cli: Command, table: &Table) -> Result<Command> {
    for (key, value) in table {
        match (key.as_str(), value) {
            ("up", Value::Table(up)) => {
                for (key, value) in up {
                    cli = set(cli, "up", key, &words(key, value)?)?;
                }
            }
            ("state-dir", Value::String(folder)) => {
                let having = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some("state-dir"));
                let names: Vec<String> = cli
                    .get_subcommands()
                    .filter(|command| having(command))
                    .map(|command| command.get_name().to_owned())
                    .collect();
                for name in names {
                    cli = set(cli, &name, "state-dir", std::slice::from_ref(folder))?;
                }
            }
            _ => bail!("there is no {key}: state-dir and the table up are known"),
        }
    }
    Ok(cli)
}

/// A value as the command line would have it.
fn words(key: &str, value: &Value) -> Result<Vec<String>> {
    Ok(match value {
        Value::String(text) => vec![text.clone()],
        Value::Integer(number) => vec![number.to_string()],
        Value::Boolean(is) => vec![is.to_string()],
        Value::Array(list) => list.iter().map(|one| words(key, one)).collect::<Result<Vec<_>>>()?.concat(),
        _ => bail!("{key} is neither a text, a number, true, false nor a list of them"),
    })
}

fn set(cli: Command, subcommand: &str, key: &str, values: &[String]) -> Result<Command> {
    let command = cli.find_subcommand(subcommand).with_context(|| format!("there is no {subcommand}"))?;
    let found = command.get_arguments().find(|arg| arg.get_long() == Some(key));
    let arg = found.with_context(|| format!("{subcommand} has no {key}"))?;
    let many = matches!(arg.get_action(), ArgAction::Append);
    ensure!(many || values.len() == 1, "{key} is one value");
    let id = arg.get_id().clone();
    let values = values.to_vec();
    Ok(cli.mut_subcommand(subcommand, |command| command.mut_arg(id, |arg| arg.default_values(values))))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::Cli;

    fn parsed(file: &str, arguments: &[&str]) -> Result<String> {
        let cli = apply(Cli::command(), &file.parse()?)?;
        let matches = cli.try_get_matches_from([&["lunette", "up"], arguments].concat())?;
        Ok(format!("{:?}", Cli::from_arg_matches(&matches)?))
    }

    #[test]
    fn the_file_is_a_default_and_the_command_line_counts_more() {
        let file = "state-dir = '/x'\n[up]\ndesktops = 5 # five\nlisten = '127.0.0.1:1'\nno-open = true\nallowed-host = ['a', 'b']\n";
        let from_file = parsed(file, &[]).unwrap();
        for word in ["desktops: 5", "127.0.0.1:1", "no_open: true", "\"a\", \"b\"", "/x"] {
            assert!(from_file.contains(word), "{word}: {from_file}");
        }
        assert!(parsed(file, &["--desktops", "3"]).unwrap().contains("desktops: 3"));
    }

    #[test]
    fn what_is_not_known_or_cannot_be_is_refused() {
        for file in ["desktop = 1", "[up]\nfoo = 1", "[up]\ndesktops = [1, 2]", "[up]\ndesktops = 1.5", "[down]"] {
            assert!(parsed(file, &[]).is_err(), "{file}");
        }
        assert!(parsed("[up]\ndesktops = 99", &[]).is_err());
    }

    #[test]
    fn every_line_of_the_example_is_known() {
        let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") => rest,
            _ => line,
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        assert!(text.contains("\ndesktops = 2"), "{text}");
        parsed(&text, &[]).unwrap();
    }
}
