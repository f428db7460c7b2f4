//! What happens, as it happens: server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use lunette_store::Event;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::problem::{Problem, with_type};
use crate::app::App;
use crate::auth::Caller;

/// Events of the past in one answer.
const MOST: u32 = 1000;
/// Between two signs of life.
const SILENCE: Duration = Duration::from_secs(10);

/// What may stand behind the question mark.
#[derive(Deserialize)]
pub(super) struct Switches {
    after: Option<u64>,
    #[serde(default = "follow")]
    follow: u8,
}

const fn follow() -> u8 {
    1
}

/// Those after `Last-Event-ID` or `after`, and then what comes.
pub(super) async fn serve(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Query(switches): Query<Switches>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let after = resumed.or(switches.after);
    // Before the past is read, so that nothing is between.
    let coming = app.events.subscribe();
    let past = match after {
        Some(after) => app.store.ask(move |store| store.events(after, MOST)).await?,
        None => Vec::new(),
    };
    let last = past.last().map_or(after.unwrap_or(0), |event| event.number);
    let past = past.into_iter().map(Arc::new).collect();
    let coming = (switches.follow == 1).then_some(coming);
    let stream = futures_util::stream::unfold(Reader { caller, past, last, coming }, Reader::next);
    Ok(with_type(StatusCode::OK, "text/event-stream", Body::from_stream(stream)))
}

struct Reader {
    caller: Caller,
    past: VecDeque<Arc<Event>>,
    last: u64,
    coming: Option<broadcast::Receiver<Arc<Event>>>,
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            let event = match self.past.pop_front() {
                Some(event) => event,
                None => match timeout(SILENCE, self.coming.as_mut()?.recv()).await {
                    Ok(Ok(event)) if event.number > self.last => event,
                    Ok(Ok(_)) => continue,
                    // It was too slow: it comes again, with the number of the last that it has.
                    Ok(Err(_)) => return None,
                    Err(_) => return Some((Ok(Bytes::from_static(b": still here\n\n")), self)),
                },
            };
            self.last = self.last.max(event.number);
            let theirs = match &event.desktop {
                Some(desktop) => self.caller.sees(desktop),
                None => self.caller.is_unbounded(),
            };
            if theirs {
                return Some((Ok(text(&event).into()), self));
            }
        }
    }
}

fn text(event: &Event) -> String {
    let data = json!({ "at_ms": event.at_ms, "desktop": event.desktop, "text": event.text });
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.number, event.kind)
}
