//! Starts everything, and ends it.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::access::Gate;
use crate::bridge::{Bridge, closing};
use crate::cli::Args;
use crate::http;
use crate::listen::Listener;

/// For viewers to be told that the server ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves until a signal ends it.
///
/// # Errors
/// When something that the flags ask for cannot be had.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut ending = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let gate = Gate::new(&args)?;
    // Ports first: whoever asks meanwhile waits for an answer instead of being refused.
    let mut listeners = Vec::new();
    for listen in &args.listeners() {
        listeners.push(Listener::open(listen).await?);
    }
    let (close, closing) = closing();
    let bridge = Arc::new(Bridge::new(&args, gate, closing)?);
    let router = http::router(Arc::clone(&bridge));
    let uids: Arc<[u32]> = args.allowed_uid.clone().into();
    let mut serving = JoinSet::new();
    for listener in listeners {
        announce(&listener.address().context("cannot tell where it listens")?)?;
        serving.spawn(listener.serve(router.clone(), Arc::clone(&uids)));
    }
    let [terminate, interrupt] = &mut ending;
    tokio::select! {
        () = bridge.run() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("ending");
    close.send_replace(true);
    serving.shutdown().await;
    // Each viewer's task holds a receiver, until it has said good-bye.
    if timeout(FAREWELL, goodbye(&close)).await.is_err() {
        tracing::warn!("not every viewer was told");
    }
    Ok(())
}

async fn goodbye(close: &watch::Sender<bool>) {
    // One more is the bridge's own, of which each of theirs is a copy.
    while close.receiver_count() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The close frame is with the kernel when a task has let go; it takes it from here.
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn announce(address: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening http={address}").and_then(|()| out.flush()).context("cannot write to stdout")
}

/// Programs of the same user, such as those of the desktop, cannot look into this one's memory, where the tokens are.
pub fn keep_secrets() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "programs of this user can look into this one");
    }
}
