//! Restarts the manager where no service manager does, and keeps what must outlive it.
//!
//! ```text
//!   keeper ── starts, with what it keeps as descriptors 3, 4, … ──▶ manager
//!      ▲  └─ waits a little ◀── it ended ─────────────────────────────┤
//!      └──────── READY, FDSTORE, FDSTOREREMOVE (sd_notify) ◀──────────┘
//! ```
//!
//! It speaks the part of systemd's protocol that the manager uses, and does nothing with a descriptor but hold it. Told to
//! end, it ends the manager, and with it every lease. When it is killed itself the manager goes on without it; when both
//! are killed the kernel closes everything: clients see their connections end, and the card has no master any more.

mod child;
mod notices;
mod pause;
mod store;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use child::Running;
use notices::Notices;
use pause::Pause;
use store::Store;

use crate::stop::told_to_end;

/// How long the manager may take to end its leases; it gives up a little earlier.
const ENDING: Duration = Duration::from_secs(8);

/// What to keep alive.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it says what is to be kept.
    pub notify: PathBuf,
}

/// Keeps the program alive until SIGTERM or SIGINT.
///
/// # Errors
/// As [`keep`].
pub async fn run(plan: &Plan) -> anyhow::Result<()> {
    keep(plan, told_to_end()?).await
}

/// Keeps the program alive until `stop` is ready, and ends it then.
///
/// # Errors
/// When nobody could hear it, as when another keeper listens there.
pub async fn keep(plan: &Plan, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let notices = Notices::bind(&plan.notify);
    let notices = notices.with_context(|| format!("cannot listen on {}", plan.notify.display()))?;
    let (mut store, mut pause) = (Store::default(), Pause::default());
    let mut stop = std::pin::pin!(stop);
    loop {
        match Running::start(plan, &store) {
            Ok(mut child) => {
                let ended = tokio::select! {
                    ended = attend(&mut child, &notices, &mut store) => ended,
                    () = &mut stop => return end(child, &notices, &mut store).await,
                };
                // What it said last is still to be heard.
                notices.drain(child.pid(), &mut store);
                tracing::warn!("the manager ended: {ended}; {} descriptors are kept", store.len());
            }
            Err(error) => tracing::error!(%error, program = %plan.program.display(), "cannot start the manager"),
        }
        tokio::select! {
            () = sleep(pause.after(store.take_ready())) => {}
            () = &mut stop => return Ok(()),
        }
    }
}

/// Hears what the manager says until it ends.
async fn attend(child: &mut Running, notices: &Notices, store: &mut Store) -> String {
    let pid = child.pid();
    loop {
        tokio::select! {
            ended = child.ended() => return ended.map_or_else(|error| error.to_string(), |status| status.to_string()),
            notice = notices.next(pid) => store.take(notice),
        }
    }
}

async fn end(mut child: Running, notices: &Notices, store: &mut Store) -> anyhow::Result<()> {
    child.signal(Signal::TERM)?;
    if timeout(ENDING, attend(&mut child, notices, store)).await.is_err() {
        tracing::warn!("the manager does not end: it is killed");
        child.signal(Signal::KILL)?;
        child.ended().await?;
    }
    Ok(())
}
