//! Ctrl-C and SIGTERM, for programs that wait for something else.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// Tells of the first Ctrl-C or SIGTERM. The second ends this process; its guard ends the machine then.
pub(crate) fn interrupts() -> Result<Receiver<()>> {
    let (sender, receiver) = sync_channel(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let wait = move || {
        let mut next = || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
        };
        next();
        let _ = sender.send(());
        next();
        std::process::exit(130);
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(receiver)
}
