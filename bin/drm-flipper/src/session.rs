//! From a lease to a report.

use std::io;
use std::num::NonZeroU32;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use lunette_frame::Size;
use lunette_wire::Token;

use crate::flip_log::FlipLog;
use crate::flipping::{self, Plan};
use crate::live::Live;
use crate::{Api, Coverage, Held, LeaseError, LogPlan, Painter, Report, Screen, ScreenError, Shown, Stop, TokenFile};

/// No run, and so no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no lease.
    #[error("no lease")]
    Lease(#[from] LeaseError),
    /// There is nothing to flip on.
    #[error("no screen")]
    Screen(#[from] ScreenError),
    /// The token cannot be written.
    #[error("the lease's token cannot be written")]
    Token(#[source] io::Error),
    /// The lease manager knows no tokens.
    #[error("the lease came with no token to write")]
    NoToken,
    /// The host's clock is not known, or the flips' times cannot be written.
    #[error("the times of flips cannot be logged")]
    Log(#[source] io::Error),
    /// Too small for a frame counter.
    #[error("a picture of {0} has no room for a frame's number")]
    Size(Size),
}

/// How a lease is used.
#[derive(Debug, Clone, Copy)]
pub struct Use<'a> {
    /// Size of the output.
    pub size: Size,
    /// How to flip.
    pub api: Api,
    /// What to repaint.
    pub coverage: Coverage,
    /// How long and how fast.
    pub plan: Plan,
    /// How long to wait for the mode.
    pub mode_limit: Duration,
    /// Where to write the lease's token.
    pub token_file: Option<&'a Path>,
    /// Whether to log when flips were asked for.
    pub log: Option<&'a LogPlan>,
}

/// Flips on a lease, and gives it back. `ready` is called when the first flip is done.
///
/// # Errors
/// When there is nothing to report, since nothing could be shown.
pub fn flip(held: Held, usage: &Use<'_>, stop: &Stop, ready: impl FnOnce(&Shown)) -> Result<Report, RunError> {
    let Use { size, api, coverage, plan, .. } = *usage;
    let Held { card, scanout, connector, token, connection } = held;
    let painter = Painter::new(scanout, size, coverage, plan.buffers).ok_or(RunError::Size(size))?;
    let _file = usage.token_file.map(|path| write_token(path, token)).transpose()?;
    let mut log = usage.log.map(FlipLog::start).transpose().map_err(RunError::Log)?;
    let mut screen = Screen::open(card, &connector, size, api, plan.buffers, usage.mode_limit)?;
    let shown = Shown {
        scanout,
        connector,
        objects: screen.leased_objects(),
        size,
        mode: screen.mode().name(),
        refresh_hz: screen.mode().refresh_hz(),
        api,
        coverage,
        buffers: plan.buffers,
        fps: plan.fps.map_or(0, NonZeroU32::get),
    };
    let mut live = Live::new(&mut screen, &painter, stop, connection.as_fd(), log.as_mut());
    let run = flipping::run(&plan, &mut live, || ready(&shown));
    log.map_or(Ok(()), |log| log.write()).map_err(RunError::Log)?;
    Ok(Report::new(shown, &run))
}

fn write_token(path: &Path, token: Option<Token>) -> Result<TokenFile, RunError> {
    TokenFile::create(path, &token.ok_or(RunError::NoToken)?).map_err(RunError::Token)
}
