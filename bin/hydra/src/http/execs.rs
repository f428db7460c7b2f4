//! Programs inside of desktops.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::App;
use super::desktops::{find, running};
use super::refusal::Refusal;
use super::reply::{Chunks, json, nothing, stream};
use super::request::{Named, Switches, document, whole};
use super::view::{ExecView, exit_code};
use crate::exec::{Record, Shape, run, text_of};

/// A foreground program that does not end is ended.
const FOREGROUND: u64 = 60;
/// Longest limit that makes sense: a week.
const LONGEST: u64 = 7 * 24 * 3600;

type Answer = Result<Response, Refusal>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExecWish {
    #[serde(default)]
    #[expect(dead_code, reason = "the path says it; clients say it twice")]
    sandbox_id: Option<String>,
    #[serde(default)]
    cmd_id: Option<String>,
    cmd: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    cwd: String,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    sudo: bool,
    #[serde(default)]
    detached: bool,
    #[serde(default)]
    timeout_seconds: u64,
}

pub(super) async fn start(State(app): State<Arc<App>>, named: Named, body: Body) -> Answer {
    let wish: ExecWish = document(&whole(body).await?)?;
    let environment = environment(&wish)?;
    let limit = limit(&wish);
    let id = match wish.cmd_id.filter(|id| !id.is_empty()) {
        Some(id) if id.len() <= 128 => id,
        Some(_) => return Err(Refusal::bad("cmd_id is longer than 128 bytes")),
        None => format!("cmd-{:016x}", getrandom::u64().map_err(|error| Refusal::failed(error.to_string()))?),
    };
    let desktop = running(&app, &named)?;
    let shape = Shape { cmd: wish.cmd, args: wish.args, cwd: wish.cwd, sudo: wish.sudo, detached: wish.detached };
    let starting = app.registry.common.engine.exec(&desktop.order, shape.program(environment));
    let record = run(&desktop.execs, id, shape, limit, starting)?;
    if !record.shape.detached {
        record.ended().await;
    }
    Ok(json(StatusCode::OK, &ExecView::of(&named.id, &record)))
}

fn environment(wish: &ExecWish) -> Result<Vec<(String, String)>, Refusal> {
    let zero = |text: &String| text.contains('\0');
    if wish.cmd.is_empty() || zero(&wish.cmd) || zero(&wish.cwd) || wish.args.iter().chain(&wish.env).any(zero) {
        return Err(Refusal::bad("cmd is empty, or something has a zero byte"));
    }
    let split = |entry: &String| {
        let (name, value) = entry.split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    let entry = |entry| split(entry).ok_or_else(|| Refusal::bad(format!("env: {entry:?} is not KEY=VALUE")));
    wish.env.iter().map(entry).collect()
}

fn limit(wish: &ExecWish) -> Option<Duration> {
    let seconds = match (wish.timeout_seconds, wish.detached) {
        (0, true) => return None,
        (0, false) => FOREGROUND,
        (seconds, _) => seconds.min(LONGEST),
    };
    Some(Duration::from_secs(seconds))
}

pub(super) async fn list(State(app): State<Arc<App>>, named: Named) -> Answer {
    let desktop = find(&app, &named)?;
    let list: Vec<_> = desktop.execs.list().iter().map(|record| ExecView::of(&named.id, record)).collect();
    Ok(json(StatusCode::OK, &list))
}

pub(super) async fn show(State(app): State<Arc<App>>, named: Named) -> Answer {
    Ok(json(StatusCode::OK, &ExecView::of(&named.id, &*record(&app, &named)?)))
}

pub(super) async fn kill(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Answer {
    let signal = signal(switches.get("signal").unwrap_or("TERM"))?;
    let record = record(&app, &named)?;
    // One that has ended takes none.
    let _ = record.signals.try_send(signal);
    Ok(nothing())
}

/// `TERM`, `SIGTERM` or `15`; the numbers are the same wherever we run.
fn signal(name: &str) -> Result<i32, Refusal> {
    let known = [("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("USR1", 10), ("USR2", 12), ("TERM", 15)];
    let known = known.into_iter().chain([("CONT", 18), ("STOP", 19)]);
    let plain = name.strip_prefix("SIG").unwrap_or(name);
    let number = plain.parse().ok().filter(|number| (1..=64).contains(number));
    let named = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(plain)).map(|(_, number)| number);
    number.or(named).ok_or_else(|| Refusal::bad(format!("signal={name} is no signal")))
}

pub(super) async fn forget(State(app): State<Arc<App>>, named: Named) -> Answer {
    find(&app, &named)?.execs.forget();
    Ok(nothing())
}

/// Server-sent events `stdout`, `stderr` and, last, `end`; the data of each is a JSON string.
pub(super) async fn logs(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Answer {
    let (out, err) = match switches.get("stream").unwrap_or("both") {
        "both" | "" => (true, true),
        "stdout" => (true, false),
        "stderr" => (false, true),
        other => return Err(Refusal::bad(format!("stream={other} is not stdout, stderr or both"))),
    };
    let record = record(&app, &named)?;
    let place = app.place_for_stream()?;
    let (queue, chunks) = mpsc::channel(16);
    let follower = Follower { record, queue, follow: switches.is_on("follow"), out, err };
    tokio::spawn(follower.run());
    Ok(stream("text/event-stream", Chunks { queue: chunks, _place: Some(place) }))
}

fn record(app: &App, named: &Named) -> Result<Arc<Record>, Refusal> {
    let id = named.get("exec");
    find(app, named)?.execs.get(id).ok_or_else(|| Refusal::no_exec(id))
}

struct Follower {
    record: Arc<Record>,
    queue: mpsc::Sender<Bytes>,
    follow: bool,
    out: bool,
    err: bool,
}

impl Follower {
    /// Until the end, or until nobody reads.
    async fn run(self) {
        let mut changes = self.record.changes();
        let (mut stdout, mut stderr) = (Cursor::default(), Cursor::default());
        loop {
            let (events, finished) = {
                let state = self.record.state();
                let out = self.out.then(|| stdout.next("stdout", state.stdout.since(stdout.place)));
                let err = self.err.then(|| stderr.next("stderr", state.stderr.since(stderr.place)));
                (out.into_iter().chain(err).collect::<String>(), state.finished.clone())
            };
            let sent = events.is_empty() || self.queue.send(Bytes::from(events)).await.is_ok();
            if !sent {
                return;
            }
            if finished.is_some() || !self.follow {
                let code = finished.and_then(|end| end.how.ok()).map(|how| exit_code(&how).to_string());
                let _ = self.queue.send(Bytes::from(event("end", &code.unwrap_or_default()))).await;
                return;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.queue.closed() => return,
            }
        }
    }
}

/// Where a reader is in a stream.
#[derive(Default)]
struct Cursor {
    place: u64,
    /// The beginning of a character.
    rest: Vec<u8>,
}

impl Cursor {
    fn next(&mut self, name: &str, (bytes, place): (Vec<u8>, u64)) -> String {
        self.place = place;
        self.rest.extend(bytes);
        let text = text_of(&mut self.rest);
        if text.is_empty() { text } else { event(name, &text) }
    }
}

fn event(name: &str, text: &str) -> String {
    format!("event: {name}\ndata: {}\n\n", serde_json::Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        assert_eq!(["TERM", "SIGKILL", "hup", "15"].map(|name| signal(name).unwrap()), [15, 9, 1, 15]);
        assert!(signal("65").is_err() && signal("SIGNONE").is_err() && signal("-1").is_err());
    }

    #[test]
    fn events_are_lines_whatever_is_printed() {
        assert_eq!(event("stdout", "a\n\"b\""), "event: stdout\ndata: \"a\\n\\\"b\\\"\"\n\n");
    }
}
