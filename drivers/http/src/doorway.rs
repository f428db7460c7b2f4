//! Who may keep a connection: strangers who say nothing take no room from others.
//!
//! ```text
//!   accepted ──▶ enter: too many of this neighbourhood are here, or say nothing ──▶ turned away
//!                  └─▶ Guest ── first request within 5 s ──▶ stays until it is dropped
//!                         └──── none ──▶ ended
//! ```

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware::{Next, from_fn};
use lunette_auth::Neighbourhood;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::serve;

/// For a connection's first request.
const FIRST: Duration = Duration::from_secs(5);

/// The connections of each neighbourhood.
#[derive(Debug)]
pub struct Doorway {
    most: usize,
    // A Mutex: connections come and go on many tasks; it is held for a look-up.
    crowds: Mutex<BTreeMap<Neighbourhood, Crowd>>,
}

#[derive(Debug, Default)]
struct Crowd {
    here: usize,
    silent: usize,
}

/// A connection's place; dropping it gives it up.
#[derive(Debug)]
pub struct Guest {
    doorway: Arc<Doorway>,
    from: Neighbourhood,
    is_silent: AtomicBool,
    spoke: Notify,
}

impl Doorway {
    /// Connections of one neighbourhood that have asked for nothing yet.
    pub const MOST_SILENT: usize = 64;

    /// For a server that takes so many connections: no neighbourhood gets more than three quarters of them.
    #[must_use]
    pub fn new(connections: usize) -> Arc<Self> {
        Arc::new(Self { most: (connections / 4 * 3).max(1), crowds: Mutex::default() })
    }

    /// A place for a connection; `None` when its neighbourhood has enough of them.
    #[must_use]
    pub fn enter(self: &Arc<Self>, from: Neighbourhood) -> Option<Guest> {
        let mut crowds = self.crowds();
        let crowd = crowds.entry(from).or_default();
        if crowd.here >= self.most || crowd.silent >= Self::MOST_SILENT {
            return None;
        }
        crowd.here += 1;
        crowd.silent += 1;
        Some(Guest { doorway: Arc::clone(self), from, is_silent: AtomicBool::new(true), spoke: Notify::new() })
    }

    fn crowds(&self) -> MutexGuard<'_, BTreeMap<Neighbourhood, Crowd>> {
        self.crowds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// It has asked for something.
    fn spoke(&self) {
        if self.is_silent.swap(false, AcqRel)
            && let Some(crowd) = self.doorway.crowds().get_mut(&self.from)
        {
            crowd.silent -= 1;
            self.spoke.notify_one();
        }
    }

    /// Serves a connection until it ends, or has asked for nothing for too long. It may be kept in a request of it for longer
    /// than that, as that of a WebSocket has to be.
    ///
    /// # Errors
    /// As for [`serve`].
    pub async fn serve<S>(
        self: Arc<Self>,
        stream: S,
        router: Router,
        closing: impl Future<Output = ()>,
    ) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let speaking = Arc::clone(&self);
        let router = router.layer(from_fn(move |request, next: Next| {
            speaking.spoke();
            next.run(request)
        }));
        let silence = async {
            tokio::select! {
                () = sleep(FIRST) => {}
                () = self.spoke.notified() => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = serve(stream, router, closing) => ended,
            () = silence => Ok(()),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut crowds = self.doorway.crowds();
        let Some(crowd) = crowds.get_mut(&self.from) else { return };
        crowd.here -= 1;
        crowd.silent -= usize::from(*self.is_silent.get_mut());
        if crowd.here == 0 {
            crowds.remove(&self.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    fn house(number: u8) -> Neighbourhood {
        Neighbourhood::from(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)))
    }

    fn guests(doorway: &Arc<Doorway>, from: Neighbourhood) -> Vec<Guest> {
        std::iter::from_fn(|| doorway.enter(from)).collect()
    }

    #[test]
    fn who_says_nothing_leaves_room_for_others() {
        let doorway = Doorway::new(1024);
        let silent = guests(&doorway, house(1));
        assert_eq!(silent.len(), Doorway::MOST_SILENT);
        assert!(doorway.enter(house(2)).is_some());
        silent[0].spoke();
        silent[0].spoke();
        let one_more = guests(&doorway, house(1));
        assert_eq!(one_more.len(), 1);
        drop((silent, one_more));
        assert!(doorway.crowds().is_empty());
    }

    #[test]
    fn one_neighbourhood_does_not_fill_the_server() {
        let doorway = Doorway::new(100);
        let mut here = Vec::new();
        while let Some(guest) = doorway.enter(house(1)) {
            guest.spoke();
            here.push(guest);
        }
        assert_eq!(here.len(), 75);
        here.pop();
        assert!(doorway.enter(house(1)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_for_nothing_ends_soon_and_one_that_asks_does_not() {
        let doorway = Doorway::new(100);
        let router = || Router::new().route("/", get(async || "here"));
        let (_quiet, end) = duplex(1024);
        let began = Instant::now();
        let guest = Arc::new(doorway.enter(house(1)).expect("a place"));
        guest.serve(end, router(), std::future::pending()).await.expect("it is ended, not broken");
        assert_eq!(began.elapsed(), FIRST);

        let (mut asking, end) = duplex(1024);
        let guest = Arc::new(doorway.enter(house(1)).expect("a place"));
        let serving = tokio::spawn(guest.serve(end, router(), std::future::pending()));
        for _ in 0..3 {
            asking.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is taken");
            let mut answer = Vec::new();
            while !answer.ends_with(b"here") {
                assert_ne!(asking.read_buf(&mut answer).await.expect("an answer"), 0, "it is over");
            }
            sleep(FIRST * 2).await;
        }
        assert!(!serving.is_finished());
        serving.abort();
    }
}
