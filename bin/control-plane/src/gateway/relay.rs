//! Bytes both ways between a browser and a bridge, once they speak no HTTP any more.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::{Instant, sleep, timeout};

use super::frames::Frames;

/// Pictures are large, what is typed is not.
const TO_BROWSER: usize = 64 * 1024;
const TO_BRIDGE: usize = 16 * 1024;
/// For a piece to be taken.
const WRITE: Duration = Duration::from_secs(30);
/// Between signs of life: both ends send pings far more often.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// A close of the code 1012: come back, this way was interrupted.
const COME_BACK: [u8; 4] = [0x88, 2, 0x03, 0xf4];

/// Until one of them ends, breaks, takes nothing, or neither says anything for `silence`. Then both have ended: nobody
/// speaks to the half of a connection.
pub(super) async fn relay(
    browser: impl AsyncRead + AsyncWrite,
    bridge: impl AsyncRead + AsyncWrite,
    silence: Duration,
) -> io::Result<()> {
    let life = Life { began: Instant::now(), last: AtomicU64::new(0) };
    let ((from_browser, mut to_browser), (from_bridge, mut to_bridge)) = (split(browser), split(bridge));
    let mut frames = Frames::default();
    let ended = tokio::select! {
        ended = pump(from_bridge, &mut to_browser, TO_BROWSER, &life, Some(&mut frames)) => {
            // A browser that is told comes back at once.
            if frames.is_between() {
                let _ = timeout(Duration::from_secs(1), to_browser.write_all(&COME_BACK)).await;
            }
            ended
        }
        ended = pump(from_browser, &mut to_bridge, TO_BRIDGE, &life, None) => ended,
        () = life.lost(silence) => Err(io::ErrorKind::TimedOut.into()),
    };
    let close = async { tokio::join!(to_browser.shutdown(), to_bridge.shutdown()) };
    let _ = timeout(Duration::from_secs(1), close).await;
    ended
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    size: usize,
    life: &Life,
    mut frames: Option<&mut Frames>,
) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let count = from.read(&mut buffer).await?;
        life.sign();
        if count == 0 {
            return Ok(());
        }
        timeout(WRITE, async {
            to.write_all(&buffer[..count]).await?;
            to.flush().await
        })
        .await??;
        if let Some(frames) = &mut frames {
            frames.pass(&buffer[..count]);
        }
    }
}

/// When either end last said something.
struct Life {
    began: Instant,
    /// In milliseconds since.
    last: AtomicU64,
}

impl Life {
    fn now(&self) -> u64 {
        crate::clock::milliseconds(self.began.elapsed())
    }

    fn sign(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    /// Ends when there was no sign for so long.
    async fn lost(&self, silence: Duration) {
        loop {
            let quiet = Duration::from_millis(self.now().saturating_sub(self.last.load(Ordering::Relaxed)));
            let Some(left) = silence.checked_sub(quiet).filter(|left| !left.is_zero()) else { return };
            sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    async fn rest(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("read");
        bytes
    }

    #[tokio::test(start_paused = true)]
    async fn a_browser_is_told_to_come_back_when_the_bridge_is_cut_off_between_frames() {
        let ((browser, ours), (theirs, mut bridge)) = (duplex(64), duplex(64));
        let relayed = tokio::spawn(relay(ours, theirs, SILENCE));
        bridge.write_all(&[0x82, 1, 9]).await.expect("written");
        drop(bridge);
        assert_eq!(rest(browser).await, [&[0x82, 1, 9][..], &COME_BACK].concat());
        assert!(relayed.await.expect("ended").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn within_a_frame_nothing_is_added_and_both_ends_are_closed() {
        let ((browser, ours), (theirs, mut bridge)) = (duplex(64), duplex(64));
        tokio::spawn(relay(ours, theirs, SILENCE));
        bridge.write_all(&[0x82, 5, 9]).await.expect("written");
        drop(bridge);
        assert_eq!(rest(browser).await, [0x82, 5, 9]);
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_browser_is_gone_the_bridge_hears_it_at_once() {
        let ((mut browser, ours), (theirs, bridge)) = (duplex(64), duplex(64));
        tokio::spawn(relay(ours, theirs, SILENCE));
        browser.write_all(b"key").await.expect("written");
        drop(browser);
        assert_eq!(rest(bridge).await, b"key");
    }

    #[tokio::test(start_paused = true)]
    async fn two_that_say_nothing_are_parted() {
        let ((_browser, ours), (theirs, _bridge)) = (duplex(8), duplex(8));
        let ended = relay(ours, theirs, SILENCE).await;
        assert_eq!(ended.expect_err("silent").kind(), io::ErrorKind::TimedOut);
    }
}
