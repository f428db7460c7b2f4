//! The configuration file: its values become the defaults of the flags.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Arg, CommandFactory, FromArgMatches};

use super::Command;
use super::args::Args;

/// Reads flags, environment and file.
///
/// # Errors
/// A [`clap::Error`] whose text is for a person; `--help` and `--version` are errors of that kind too.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    // What cannot be parsed without the file may be right with it, so the first look only finds the file's name.
    let first = Args::command().ignore_errors(true).try_get_matches_from(&args);
    let file = first.ok().and_then(|matches| matches.get_one::<PathBuf>("config").cloned());
    let command = match &file {
        Some(path) => with_file(Args::command(), path)?,
        None => Args::command(),
    };
    let matches = command.clone().try_get_matches_from(&args).map_err(|error| blame(error, file.as_deref()))?;
    Args::from_arg_matches(&matches)?.into_command().map_err(|text| complain(&command, text))
}

/// An error that may come from the file says so: the parser knows only the flag that it would have been.
fn blame(error: clap::Error, file: Option<&Path>) -> clap::Error {
    match file {
        Some(path) if error.kind() == ErrorKind::ValueValidation || error.kind() == ErrorKind::InvalidValue => {
            let text = error.to_string();
            let text = text.trim_start_matches("error: ").trim_end();
            clap::Error::raw(error.kind(), format!("{text}\n\n{} was read as well.\n", path.display()))
        }
        _ => error,
    }
}

/// The command with the file's values as its defaults.
fn with_file(mut command: clap::Command, path: &Path) -> Result<clap::Command, clap::Error> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| complain(&command, format!("cannot read the configuration file {name}: {error}")))?;
    let table: toml::Table =
        text.parse().map_err(|error| complain(&command, format!("{name} is not TOML: {error}")))?;
    for (key, value) in table {
        let id = key.replace('-', "_");
        let known = command.get_arguments().any(|arg| arg.get_id() == id.as_str());
        if !known || id == "config" || id == "list_encoders" {
            return Err(complain(&command, format!("{name}: there is no setting `{key}`")));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(yes) => yes.to_string(),
            other => {
                let kind = other.type_str();
                return Err(complain(&command, format!("{name}: `{key}` is {kind}, not text, a number or true")));
            }
        };
        command = command.mut_arg(id, |arg: Arg| arg.default_value(value));
    }
    Ok(command)
}

fn complain(command: &clap::Command, text: impl std::fmt::Display) -> clap::Error {
    command.clone().error(ErrorKind::ValueValidation, text)
}
