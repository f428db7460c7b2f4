//! What a measurement prints.

use std::fmt::Display;

use anyhow::Result;
use serde::Serialize;

use super::args::Format;
use super::lineup::Unavailable;
use super::machine::Machine;
use super::table::Table;

/// Rows with everything that is needed to judge and repeat them.
#[derive(Debug, Serialize)]
pub(crate) struct Document<R> {
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<R>,
    /// Encoders that could not be measured.
    pub(crate) unavailable: Vec<Unavailable>,
}

impl<R: Serialize> Document<R> {
    /// Takes the command from the arguments of this process.
    pub(crate) fn new(rows: Vec<R>, unavailable: Vec<Unavailable>) -> Self {
        Self { command: command_line(std::env::args()), machine: Machine::look(), rows, unavailable }
    }

    /// As `format` says; `tables` draws the rows.
    ///
    /// # Errors
    /// Never in practice: every field can be JSON.
    pub(crate) fn render(&self, format: Format, tables: impl FnOnce(&[R]) -> Vec<Table>) -> Result<String> {
        if format == Format::Json {
            return Ok(serde_json::to_string_pretty(self)? + "\n");
        }
        let mut text = String::new();
        let mut line = |content: &dyn Display| text.push_str(&format!("{content}\n"));
        for table in tables(&self.rows) {
            line(&format_args!("$ {}", self.command));
            line(&table);
        }
        for Unavailable { encoder, reason } in &self.unavailable {
            line(&format_args!("not measured: {encoder}: {reason}"));
        }
        line(&self.machine);
        if self.machine.profile == "debug" {
            line(&"These are figures of a debug build: they mean nothing.");
        }
        Ok(text)
    }
}

/// A command as a shell takes it, the program by its name alone.
fn command_line(args: impl Iterator<Item = String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c);
    let words = args.enumerate().map(|(at, word)| {
        let word = if at == 0 { word.rsplit('/').next().unwrap_or_default().to_owned() } else { word };
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &[&str]) -> String {
        command_line(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        assert_eq!(line(&["/opt/bin/lunette", "bench", "--size", "1920x1080"]), "lunette bench --size 1920x1080");
        assert_eq!(line(&["lunette", "a b", "it's", ""]), r"lunette 'a b' 'it'\''s' ''");
    }

    #[test]
    fn every_table_names_its_command_and_json_holds_everything() {
        let unavailable = vec![Unavailable { encoder: "nvenc", reason: "no driver".to_owned() }];
        let document = Document { command: "x y".to_owned(), machine: Machine::look(), rows: vec![1, 2], unavailable };
        let tables = |_: &[i32]| vec![Table::new("A", &["a"], &[]), Table::new("B", &["b"], &[])];
        let text = document.render(Format::Table, tables).unwrap();
        assert_eq!(text.matches("$ x y\n").count(), 2);
        assert!(text.contains("not measured: nvenc: no driver\n"));
        let json: serde_json::Value = serde_json::from_str(&document.render(Format::Json, tables).unwrap()).unwrap();
        assert_eq!((&json["rows"][1], &json["unavailable"][0]["encoder"]), (&2.into(), &"nvenc".into()));
        assert!(json["machine"]["cores"].is_u64());
    }
}
