//! A desktop's screen as a viewer has it: subscribed to, decoded by a decoder that is not ours.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lunette_frame::{ScanoutId, UnitKind};
use lunette_sys_openh264::Decoder;
use lunette_wire::Token;
use scanout_stream_test::{Address, Limits, Subscriber};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::Picture;

/// What was seen so far.
#[derive(Default)]
struct Seen {
    newest: Option<Picture>,
    pictures: u64,
    keyframes: u64,
    ended: Option<String>,
}

/// Watches one scanout until it is dropped.
pub(crate) struct Screen {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    _stop: oneshot::Sender<()>,
}

impl Screen {
    /// Subscribes; the first picture may come later.
    pub(crate) fn watch(address: &str, scanout: u16, token: Token) -> Self {
        let seen = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
        let (stop, stopped) = oneshot::channel();
        let (address, shared) = (address.parse().expect("an address"), Arc::clone(&seen));
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let why = runtime.block_on(async {
                tokio::select! {
                    why = follow(&address, ScanoutId::new(scanout), token, &shared) => why,
                    _ = stopped => "dropped".to_owned(),
                }
            });
            let (seen, changed) = &*shared;
            seen.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(why);
            changed.notify_all();
        });
        Self { seen, _stop: stop }
    }

    /// Waits for a picture of which `is_it` says yes.
    ///
    /// # Panics
    /// When there is none within `limit`.
    pub(crate) fn wait(&self, what: &str, limit: Duration, mut is_it: impl FnMut(&Picture) -> bool) -> Picture {
        let until = Instant::now() + limit;
        let (seen, changed) = &*self.seen;
        let mut seen_now = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut looked_at = None;
        loop {
            if looked_at != Some(seen_now.pictures) {
                looked_at = Some(seen_now.pictures);
                // Looking may take long; pictures go on coming meanwhile.
                let newest = seen_now.newest.clone();
                drop(seen_now);
                if let Some(picture) = newest.filter(|picture| is_it(picture)) {
                    return picture;
                }
                seen_now = seen.lock().unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            let state = || format!("{} pictures, ended: {:?}", seen_now.pictures, seen_now.ended);
            assert!(!left.is_zero(), "{what}: not seen within {limit:?} ({})", state());
            seen_now = changed.wait_timeout(seen_now, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for any picture.
    pub(crate) fn picture(&self, limit: Duration) -> Picture {
        self.wait("a picture", limit, |_| true)
    }

    /// Pictures so far.
    pub(crate) fn pictures(&self) -> u64 {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).pictures
    }

    /// IDRs so far.
    pub(crate) fn keyframes(&self) -> u64 {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).keyframes
    }

    /// Whether the server has ended the stream, and why.
    pub(crate) fn ended(&self) -> Option<String> {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).ended.clone()
    }
}

async fn follow(address: &Address, scanout: ScanoutId, token: Token, shared: &(Mutex<Seen>, Condvar)) -> String {
    let subscribed = Subscriber::connect_showing(Some(token), address, scanout, Limits::default()).await;
    let mut subscriber = match subscribed {
        Ok(subscriber) => subscriber,
        Err(error) => return format!("no subscription: {error}"),
    };
    let mut decoder = Decoder::new().expect("a decoder");
    loop {
        let frame = match subscriber.next().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return "closed".to_owned(),
            Err(error) => return error.to_string(),
        };
        let picture = match decoder.decode(&frame.unit.nals.access_unit()) {
            Ok(decoded) => decoded.map(|decoded| Picture::of(&decoded)),
            Err(error) => return format!("a picture does not decode: {error}"),
        };
        let (seen, changed) = shared;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.pictures += 1;
        seen.keyframes += u64::from(frame.unit.kind == UnitKind::Idr);
        seen.newest = picture.or(seen.newest.take());
        changed.notify_all();
    }
}
