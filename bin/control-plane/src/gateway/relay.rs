//! Bytes both ways between a browser and a bridge, once they speak no HTTP any more.

use std::io;
use std::time::Duration;

use lunette_http::{Life, TO_BRIDGE, TO_CLIENT, pump};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;

use super::frames::Frames;

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
    let life = Life::default();
    let ((from_browser, mut to_browser), (from_bridge, mut to_bridge)) = (split(browser), split(bridge));
    let mut frames = Frames::default();
    let ended = tokio::select! {
        ended = pump(from_bridge, &mut to_browser, TO_CLIENT, &life, |bytes| frames.pass(bytes)) => {
            // A browser that is told comes back at once.
            if frames.is_between() {
                let _ = timeout(Duration::from_secs(1), to_browser.write_all(&COME_BACK)).await;
            }
            ended
        }
        ended = pump(from_browser, &mut to_bridge, TO_BRIDGE, &life, |_| {}) => ended,
        () = life.lost(silence) => Err(io::ErrorKind::TimedOut.into()),
    };
    let close = async { tokio::join!(to_browser.shutdown(), to_bridge.shutdown()) };
    let _ = timeout(Duration::from_secs(1), close).await;
    ended
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

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
