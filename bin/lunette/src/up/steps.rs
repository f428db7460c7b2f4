//! What a person, or a program, hears of each step.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

/// Tells of steps: as text on standard error, or as lines of JSON on standard output.
pub(super) struct Steps {
    json: bool,
    began: Instant,
    last: Instant,
}

impl Steps {
    pub(super) fn new(json: bool) -> Self {
        let now = Instant::now();
        Self { json, began: now, last: now }
    }

    /// Whether a bar may be drawn.
    pub(super) fn draws(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// A step is done.
    pub(super) fn done(&mut self, step: &str, text: &str) -> Result<()> {
        let (took, at) = (self.last.elapsed().as_secs_f64(), self.began.elapsed().as_secs_f64());
        self.last = Instant::now();
        if self.json {
            return line(&json!({ "step": step, "text": text, "seconds": round(took), "at": round(at) }));
        }
        eprintln!("{at:7.1} s  {text}");
        Ok(())
    }

    /// All is done.
    pub(super) fn ready(&mut self, url: &str, token: &str, api: &str, desktops: &Value) -> Result<()> {
        let at = self.began.elapsed().as_secs_f64();
        if self.json {
            return line(&json!({
                "step": "ready", "seconds": round(at), "at": round(at), "url": url, "token": token, "api": api,
                "desktops": desktops,
            }));
        }
        eprintln!("{at:7.1} s  ready\n");
        let mut out = io::stdout().lock();
        writeln!(out, "Open this, once, within ten minutes; `lunette open` makes another:\n\n  {url}\n")?;
        Ok(out.flush()?)
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn line(value: &Value) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
