//! Files of a desktop, through programs inside of it: what they cannot reach, nobody reaches here.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_core::Stream;
use lunette_desktop::Ending;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::App;
use super::desktops::running;
use super::refusal::Refusal;
use super::reply::{Chunks, json, nothing, stream};
use super::request::{Named, Switches};
use crate::desktop::Desktop;
use crate::engine::{Process, Program};
use lunette_http::rfc3339;

/// Bytes of one file that is written.
const MOST: u64 = 512 << 20;
/// Bytes of a listing, and entries in it.
const LISTING: (u64, usize) = (8 << 20, 20_000);
/// Without a byte, either way.
const STALLED: Duration = Duration::from_secs(30);
/// For everything but the bytes of a file.
const STEP: Duration = Duration::from_secs(20);
/// What a desktop's user has.
const HOME: &str = "/home/user";

type Answer = Result<Response, Refusal>;

/// Somebody at the files of one desktop.
struct Hand {
    app: Arc<App>,
    desktop: Arc<Desktop>,
    root: bool,
    path: String,
}

impl Hand {
    fn new(app: Arc<App>, named: &Named, switches: &Switches, usual: Option<&str>) -> Result<Self, Refusal> {
        let path = switches.get("path").filter(|path| !path.is_empty()).or(usual);
        let path = path.ok_or_else(|| Refusal::bad("path is missing"))?.to_owned();
        if !path.starts_with('/') || path.contains('\0') {
            return Err(Refusal::bad(format!("path={path:?} is not absolute")));
        }
        let desktop = running(&app, named)?;
        Ok(Self { app, desktop, root: switches.is_on("sudo"), path })
    }

    async fn start(&self, argv: &[&str]) -> Result<Process, Refusal> {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        let program = Program { argv, environment: Vec::new(), cwd: Some("/".to_owned()), root: self.root };
        let starting = self.app.registry.common.engine.exec(&self.desktop.order, program);
        timeout(STEP, starting).await.map_err(|_| Refusal::failed("too slow"))?.map_err(Refusal::failed)
    }

    /// Runs something short to its end; what it prints.
    async fn run(&self, argv: &[&str]) -> Result<Vec<u8>, Refusal> {
        let Process { stdin, stdout, stderr, ended, .. } = self.start(argv).await?;
        drop(stdin);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (mut stdout, mut stderr) = (stdout.take(LISTING.0), stderr.take(4096));
        let all = async { tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err), ended).2 };
        match timeout(STEP, all).await {
            Ok(Ok(Ending::Status(0))) => Ok(out),
            Ok(Ok(_)) => Err(told(&err)),
            Ok(Err(cause)) => Err(Refusal::failed(cause)),
            Err(_) => Err(Refusal::failed("too slow")),
        }
    }
}

/// Programs speak of what they met in the words of the C library.
fn told(stderr: &[u8]) -> Refusal {
    let text = String::from_utf8_lossy(stderr).trim().to_owned();
    let status = match text.as_str() {
        text if text.contains("No such file") => StatusCode::NOT_FOUND,
        text if text.contains("ermission denied") => StatusCode::FORBIDDEN,
        _ => StatusCode::CONFLICT,
    };
    Refusal::new(status, if text.is_empty() { "it did not work".to_owned() } else { text })
}

pub(super) async fn get(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Answer {
    let hand = Hand::new(Arc::clone(&app), &named, &switches, None)?;
    let place = app.place_for_stream()?;
    let Process { stdin, mut stdout, mut stderr, ended, .. } = hand.start(&["cat", "--", &hand.path]).await?;
    drop(stdin);
    let mut bytes = vec![0; 64 * 1024];
    let first = timeout(STEP, stdout.read(&mut bytes)).await;
    let first = first.map_err(|_| Refusal::failed("too slow"))?.map_err(|error| Refusal::failed(error.to_string()))?;
    if first == 0 && !matches!(ended.await, Ok(Ending::Status(0))) {
        let mut text = vec![0; 4096];
        let len = timeout(STEP, stderr.read(&mut text)).await.ok().and_then(Result::ok).unwrap_or(0);
        return Err(told(&text[..len]));
    }
    let (queue, chunks) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut len = first;
        while len > 0 && queue.send(Bytes::copy_from_slice(&bytes[..len])).await.is_ok() {
            len = stdout.read(&mut bytes).await.unwrap_or(0);
        }
    });
    Ok(stream("application/octet-stream", Chunks { queue: chunks, _place: Some(place) }))
}

pub(super) async fn put(State(app): State<Arc<App>>, named: Named, switches: Switches, body: Body) -> Answer {
    let mode = switches.get("mode").unwrap_or("0644").to_owned();
    if !(3..=4).contains(&mode.len()) || !mode.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
        return Err(Refusal::bad(format!("mode={mode} is not octal")));
    }
    let hand = Hand::new(app, &named, &switches, None)?;
    let number = getrandom::u64().map_err(|error| Refusal::failed(error.to_string()))?;
    // Renamed only when it is whole.
    let fresh = format!("{}.{number:016x}", hand.path);
    let written = write(&hand, &fresh, body).await;
    if let Err(refusal) = written {
        let _ = hand.run(&["rm", "-f", "--", &fresh]).await;
        return Err(refusal);
    }
    hand.run(&["/bin/sh", "-c", "chmod -- \"$1\" \"$2\" && mv -fT -- \"$2\" \"$3\"", "sh", &mode, &fresh, &hand.path])
        .await?;
    Ok(nothing())
}

async fn write(hand: &Hand, fresh: &str, body: Body) -> Result<(), Refusal> {
    const SCRIPT: &str = "mkdir -p -- \"$(dirname -- \"$1\")\" && exec cat >\"$1\"";
    let Process { stdin, stdout: _stdout, mut stderr, ended, signal } =
        hand.start(&["/bin/sh", "-c", SCRIPT, "sh", fresh]).await?;
    let mut stdin = stdin.ok_or_else(|| Refusal::failed("nothing to write to"))?;
    let mut body = body.into_data_stream();
    let mut total = 0;
    loop {
        let chunk = match timeout(STALLED, next(&mut body)).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                let _ = signal(9).await;
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the file did not arrive"));
            }
        };
        total += chunk.len() as u64;
        if total > MOST {
            let _ = signal(9).await;
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {MOST} bytes")));
        }
        match timeout(STALLED, stdin.write_all(&chunk)).await {
            Ok(Ok(())) => {}
            // It has ended; it will say why.
            Ok(Err(_)) => break,
            Err(_) => return Err(Refusal::failed("the desktop does not take it")),
        }
    }
    let _ = stdin.shutdown().await;
    drop(stdin);
    match timeout(STALLED, ended).await {
        Ok(Ok(Ending::Status(0))) => Ok(()),
        Ok(Ok(_)) => {
            let mut text = vec![0; 4096];
            let len = timeout(STEP, stderr.read(&mut text)).await.ok().and_then(Result::ok).unwrap_or(0);
            Err(told(&text[..len]))
        }
        Ok(Err(cause)) => Err(Refusal::failed(cause)),
        Err(_) => Err(Refusal::failed("too slow")),
    }
}

async fn next(body: &mut BodyDataStream) -> Option<Result<Bytes, axum::Error>> {
    poll_fn(|context| Pin::new(&mut *body).poll_next(context)).await
}

pub(super) async fn delete(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Answer {
    let hand = Hand::new(app, &named, &switches, None)?;
    let how = if switches.is_on("recursive") { "-rf" } else { "-f" };
    hand.run(&["rm", how, "--", &hand.path]).await?;
    Ok(nothing())
}

#[derive(Debug, Serialize)]
struct Listing {
    path: String,
    entries: Vec<FileView>,
}

#[derive(Debug, PartialEq, Serialize)]
struct FileView {
    name: String,
    path: String,
    is_dir: bool,
    size: u64,
    mode: String,
    mod_time: String,
}

pub(super) async fn list(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Answer {
    let hand = Hand::new(app, &named, &switches, Some(HOME))?;
    let format = "%f\\0%y\\0%s\\0%m\\0%T@\\0";
    let folder = if hand.path.ends_with('/') { hand.path.clone() } else { format!("{}/", hand.path) };
    let printed = hand.run(&["find", &folder, "-mindepth", "1", "-maxdepth", "1", "-printf", format]).await?;
    Ok(json(StatusCode::OK, &Listing { entries: entries(&folder, &printed), path: hand.path }))
}

fn entries(folder: &str, printed: &[u8]) -> Vec<FileView> {
    let words: Vec<String> =
        printed.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let mut entries: Vec<_> = words
        .chunks_exact(5)
        .take(LISTING.1)
        .map(|words| FileView {
            name: words[0].clone(),
            path: format!("{folder}{}", words[0]),
            is_dir: words[1] == "d",
            size: words[2].parse().unwrap_or(0),
            mode: format!("{:0>4}", words[3]),
            mod_time: rfc3339(words[4].split('.').next().and_then(|text| text.parse().ok()).unwrap_or(0) * 1000),
        })
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let found = entries("/a/", "b\nc|f|12|644|0.5|a|d|4096|755|1.0|".replace('|', "\0").as_bytes());
        assert_eq!((found[0].name.as_str(), found[0].is_dir), ("a", true));
        let file = &found[1];
        assert_eq!((file.path.as_str(), file.size, file.mode.as_str()), ("/a/b\nc", 12, "0644"));
    }

    #[test]
    fn what_programs_say_decides_the_status() {
        assert_eq!(told(b"cat: /x: No such file or directory").status(), StatusCode::NOT_FOUND);
        assert_eq!(told(b"cat: /x: Permission denied").status(), StatusCode::FORBIDDEN);
        assert_eq!(told(b"").status(), StatusCode::CONFLICT);
    }
}
