//! Progress for a person: a bar on a terminal, a line per phase elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use lunette_image::{Phase, Progress};

/// What is shown while an image is built.
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    phase: Option<Phase>,
    started: Instant,
}

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg:24} {bar:32} {percent:>3} %  {elapsed}");
            ProgressBar::new(100).with_style(style.expect("the template is valid"))
        });
        Self { bar, phase: None, started: Instant::now() }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        let begins = self.phase.replace(progress.phase) != Some(progress.phase);
        match &self.bar {
            Some(bar) => {
                if begins {
                    bar.set_message(progress.phase.to_string());
                    bar.enable_steady_tick(Duration::from_millis(120));
                }
                bar.set_position(u64::from(progress.percent));
            }
            None if begins => {
                eprintln!("{:6.1} s  {}", self.started.elapsed().as_secs_f64(), progress.phase);
            }
            None => {}
        }
    }

    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
