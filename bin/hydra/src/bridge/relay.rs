//! Bytes both ways between a client and a bridge, once they speak no HTTP any more.

use std::io;
use std::time::Duration;

use lunette_http::{Life, TAKEN, TO_BRIDGE, TO_CLIENT, pump};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;

/// Between signs of life: both ends send pings far more often.
pub(super) const SILENCE: Duration = Duration::from_secs(300);

/// Until both have ended, one breaks, takes nothing, or neither says anything for `silence`.
pub(super) async fn relay(
    client: impl AsyncRead + AsyncWrite,
    bridge: impl AsyncRead + AsyncWrite,
    silence: Duration,
) -> io::Result<()> {
    let life = Life::default();
    let ((from_client, to_client), (from_bridge, to_bridge)) = (split(client), split(bridge));
    let both = async {
        tokio::try_join!(pass(from_bridge, to_client, TO_CLIENT, &life), pass(from_client, to_bridge, TO_BRIDGE, &life))
    };
    tokio::select! {
        ended = both => ended.map(drop),
        () = life.lost(silence) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn pass(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    size: usize,
    life: &Life,
) -> io::Result<()> {
    pump(from, &mut to, size, life, |_| {}).await?;
    timeout(TAKEN, to.shutdown()).await?
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_end_hears_the_other_to_its_last_byte() {
        let ((mut client, ours), (theirs, mut bridge)) = (duplex(8), duplex(8));
        let relayed = tokio::spawn(relay(ours, theirs, SILENCE));
        let big = vec![7; 100_000];
        let (sent, copy) = (big.clone(), big.clone());
        let sending = tokio::spawn(async move {
            bridge.write_all(&sent).await.unwrap();
            let mut heard = String::new();
            bridge.read_to_string(&mut heard).await.unwrap();
            heard
        });
        client.write_all(b"key").await.unwrap();
        let mut got = vec![0; big.len()];
        client.read_exact(&mut got).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(got, copy);
        assert_eq!(sending.await.unwrap(), "key");
        relayed.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn two_that_say_nothing_are_parted() {
        let ((mut client, ours), (theirs, bridge)) = (duplex(8), duplex(8));
        let relayed = tokio::spawn(relay(ours, theirs, SILENCE));
        sleep(SILENCE - Duration::from_secs(1)).await;
        client.write_all(b"x").await.unwrap();
        sleep(SILENCE - Duration::from_secs(1)).await;
        assert!(!relayed.is_finished());
        assert_eq!(relayed.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop((client, bridge));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_takes_nothing_is_given_up() {
        let ((client, ours), (theirs, mut bridge)) = (duplex(8), duplex(8));
        let relayed = tokio::spawn(relay(ours, theirs, SILENCE));
        bridge.write_all(&[0; 16]).await.unwrap();
        let began = Instant::now();
        assert!(relayed.await.unwrap().is_err());
        assert!(began.elapsed() <= TAKEN);
        drop(client);
    }
}
