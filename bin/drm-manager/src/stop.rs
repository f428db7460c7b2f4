//! The wish of whoever runs this program that it ends.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Ready at the first SIGTERM or SIGINT; both are caught from now on.
pub(crate) fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
