//! One WebSocket that shows every desktop: what is said of them, and small pictures.
//!
//! ```text
//!   page ──▶ {"type":"watch","ids":["a","b"]}           those that are on the screen; none while the page is hidden
//!        ◀── {"type":"desktops","desktops":[…]}         at first, and whenever something changes
//!        ◀── {"type":"sight","id":"a","why":"…"}        why there is no picture
//!        ◀── 1, length of id, id, frame (8 bytes), JPEG
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::SelectAll;
use futures_util::{SinkExt, Stream, StreamExt};
use lunette_desktop::DesktopId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until, timeout};

use crate::app::App;
use crate::auth::Caller;
use crate::eyes::{Sight, Thumb};
use crate::http::desktops;

/// Desktops of one wall.
const MOST: usize = 256;
/// For a message to be taken.
const WRITE: Duration = Duration::from_secs(20);
/// Between two signs of life.
const PING: Duration = Duration::from_secs(10);
/// Between two lists: what changes meanwhile is in the next one.
const LISTS: Duration = Duration::from_millis(100);
/// How often it is asked who uses the desktops.
const PEOPLE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Asked {
    Watch { ids: Vec<DesktopId> },
}

type Sights = SelectAll<std::pin::Pin<Box<dyn Stream<Item = (DesktopId, Sight)> + Send>>>;

/// Serves one wall until its connection ends.
pub(crate) async fn serve(app: Arc<App>, caller: Caller, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let mut wall =
        Wall { app: Arc::clone(&app), caller, watched: Vec::new(), placed: BTreeMap::new(), sights: Sights::new() };
    let (mut changes, mut ping, mut people) = (app.changes(), interval(PING), interval(PEOPLE));
    let (mut last, mut due, mut stale) = (Value::Null, Instant::now(), true);
    loop {
        if stale && Instant::now() >= due {
            // What is true now, once for however much has changed.
            changes.mark_unchanged();
            (stale, due) = (false, Instant::now() + LISTS);
            wall.place();
            let now = wall.list();
            if now != last {
                last = now;
                let text = json!({ "type": "desktops", "desktops": last });
                if !sent(&mut sink, Message::Text(text.to_string().into())).await {
                    return;
                }
            }
        }
        let message = tokio::select! {
            () = sleep_until(due), if stale => None,
            changed = changes.changed(), if !stale => match changed {
                Ok(()) => { stale = true; None }
                Err(_) => return,
            },
            asked = stream.next() => match asked {
                Some(Ok(Message::Text(text))) => { wall.hear(&text); wall.place(); None }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => None,
            },
            Some((id, sight)) = wall.sights.next() => Some(message(&id, sight)),
            _ = ping.tick() => Some(Message::Ping(bytes::Bytes::new())),
            _ = people.tick() => { wall.ask_for_people(); None }
        };
        if let Some(message) = message
            && !sent(&mut sink, message).await
        {
            return;
        }
    }
}

async fn sent(sink: &mut (impl SinkExt<Message> + Unpin), message: Message) -> bool {
    matches!(timeout(WRITE, sink.send(message)).await, Ok(Ok(())))
}

fn message(id: &DesktopId, sight: Sight) -> Message {
    match sight {
        Ok(Thumb { frame, jpeg }) => {
            let name = id.as_str().as_bytes();
            let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
            let head = [&[1, length][..], name, &frame.to_be_bytes()].concat();
            Message::Binary([&head[..], &jpeg].concat().into())
        }
        Err(why) => Message::Text(json!({ "type": "sight", "id": id, "why": why }).to_string().into()),
    }
}

struct Wall {
    app: Arc<App>,
    caller: Caller,
    watched: Vec<DesktopId>,
    /// At which scanout each is being looked at; `None` where the page was told that it cannot be.
    placed: BTreeMap<DesktopId, Option<u16>>,
    sights: Sights,
}

impl Wall {
    fn list(&self) -> Value {
        Value::Array(desktops::views(&self.app, &self.caller))
    }

    fn hear(&mut self, text: &str) {
        // What makes no sense changes nothing.
        let Ok(Asked::Watch { ids }) = serde_json::from_str(text) else { return };
        self.watched = ids.into_iter().take(MOST).filter(|id| self.caller.sees(id.as_str())).collect();
        // Pictures of those that left the screen are not waited for any more.
        self.placed.clear();
        self.sights = Sights::new();
    }

    /// Looks at what is watched, where it is now.
    fn place(&mut self) {
        for id in &self.watched {
            let Some((host, scanout)) = desktops::scanout(&self.app, id) else {
                self.placed.remove(id);
                continue;
            };
            let placed = self.placed.get(id).copied();
            if placed == Some(Some(scanout)) {
                continue;
            }
            let Some(host) = self.app.host(&host) else { continue };
            // What is not reached yet may be when something changes.
            let looking = self.app.eyes.look(id, &host, scanout);
            self.placed.insert(id.clone(), looking.is_ok().then_some(scanout));
            match looking {
                Ok(sight) => self.sights.push(Box::pin(sights(id.clone(), sight))),
                Err(why) if placed != Some(None) => {
                    let id = id.clone();
                    self.sights.push(Box::pin(futures_util::stream::once(async move { (id, Err(why)) })));
                }
                Err(_) => {}
            }
        }
    }

    fn ask_for_people(&self) {
        for id in &self.watched {
            crate::http::people::refresh(&self.app, id);
        }
    }
}

/// What is there, and then what comes.
fn sights(id: DesktopId, sight: watch::Receiver<Option<Sight>>) -> impl Stream<Item = (DesktopId, Sight)> + Send {
    futures_util::stream::unfold((id, sight, true), |(id, mut sight, first)| async move {
        let mut first = first;
        loop {
            if !first && sight.changed().await.is_err() {
                return None;
            }
            first = false;
            let now = sight.borrow_and_update().clone();
            if let Some(now) = now {
                return Some(((id.clone(), now), (id, sight, false)));
            }
        }
    })
}
