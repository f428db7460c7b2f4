//! Bytes that pass between two ends that speak no HTTP any more.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

/// Bytes that pass to a client at once: pictures are large.
pub const TO_CLIENT: usize = 64 * 1024;
/// Bytes that pass to a bridge at once: what is typed is not.
pub const TO_BRIDGE: usize = 16 * 1024;
/// For a piece to be taken.
pub const TAKEN: Duration = Duration::from_secs(30);

/// Passes bytes on, at most `size` at once, until there are no more; `passed` is shown what was taken.
///
/// # Errors
/// When either end breaks, or a piece is not taken in time.
pub async fn pump(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    size: usize,
    life: &Life,
    mut passed: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let count = from.read(&mut buffer).await?;
        life.sign();
        if count == 0 {
            return Ok(());
        }
        timeout(TAKEN, async {
            to.write_all(&buffer[..count]).await?;
            to.flush().await
        })
        .await??;
        passed(&buffer[..count]);
    }
}

/// When either end last said something.
pub struct Life {
    began: Instant,
    /// In milliseconds since.
    last: AtomicU64,
}

impl Default for Life {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Life {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sign(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    /// Ends when there was no sign for so long.
    pub async fn lost(&self, silence: Duration) {
        loop {
            let quiet = Duration::from_millis(self.now().saturating_sub(self.last.load(Ordering::Relaxed)));
            let Some(left) = silence.checked_sub(quiet).filter(|left| !left.is_zero()) else { return };
            sleep(left).await;
        }
    }
}
