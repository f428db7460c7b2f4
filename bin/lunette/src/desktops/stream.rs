//! `lunette stream`: a viewer without a screen, which tells what arrives.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use lunette_wire::stream::{ClientMessage, Init, Ping, Pong, ServerMessage, StreamClock, VideoFrame};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::At;
use crate::api::{self, Api, path_part};

/// For the stream to be there.
const OPEN: Duration = Duration::from_secs(30);
/// Between two reports, and two pings.
const REPORT: Duration = Duration::from_secs(1);

/// Arguments of `lunette stream`.
#[derive(Debug, Args)]
pub(crate) struct Stream {
    /// Which desktop [default: the only one]
    id: Option<String>,
    /// Keep what arrives in a file, as H.264
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// End after so many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "S")]
    duration: Option<u64>,
    #[command(flatten)]
    at: At,
}

/// A connection to a desktop's stream.
pub(crate) type Socket = WebSocketStream<Box<dyn api::Stream>>;

impl Stream {
    /// Watches; a line a second, and the whole at the end.
    pub(crate) fn run(&self) -> Result<String> {
        let api = self.at.api()?;
        let id = At::desktop(&api, self.id.as_deref())?;
        let mut file = match &self.save {
            Some(path) => Some(File::create(path).with_context(|| format!("cannot write {}", path.display()))?),
            None => None,
        };
        let end = self.duration.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        api.runtime().block_on(watch(&api, &id, file.as_mut(), end))
    }
}

async fn watch(api: &Api, id: &str, mut file: Option<&mut File>, end: Option<Instant>) -> Result<String> {
    let began = Instant::now();
    let mut socket = timeout(OPEN, connect(api, id)).await.context("no stream in time")??;
    let (mut whole, mut second, mut clock) = (Count::default(), Count::default(), Clock::new(began));
    let mut due = began;
    loop {
        let wake = end.map_or(due, |end| due.min(end));
        let message = tokio::select! {
            message = socket.next() => message,
            () = sleep_until(wake.into()) => {
                if end.is_some_and(|end| Instant::now() >= end) {
                    break;
                }
                socket.send(Message::Binary(ClientMessage::Ping(clock.ping()).encode())).await?;
                if due > began {
                    println!("{}", second.line(REPORT));
                    second = Count::default();
                }
                due += REPORT;
                continue;
            }
            interrupted = tokio::signal::ctrl_c() => { interrupted?; break }
        };
        let Some(message) = message else { bail!("the stream ended") };
        match message? {
            Message::Binary(bytes) => match ServerMessage::decode(&bytes) {
                Ok(ServerMessage::Video(frame)) => {
                    let late = clock.late(&frame);
                    [&mut whole, &mut second].into_iter().for_each(|count| count.add(&frame, late, began));
                    if let Some(file) = &mut file {
                        file.write_all(&frame.data)?;
                    }
                }
                Ok(ServerMessage::Pong(pong)) => clock.pong(&pong),
                Ok(ServerMessage::StreamError(error)) => bail!("there is no stream: {error:?}"),
                _ => {}
            },
            Message::Close(frame) => bail!("the stream was closed: {frame:?}"),
            _ => {}
        }
    }
    let _ = socket.close(None).await;
    Ok(format!("in all: {}\n", whole.line(began.elapsed())))
}

/// How long a viewer waits for a first picture.
pub(crate) fn first_picture(api: &Api, id: &str) -> Result<Duration> {
    let began = Instant::now();
    let seen = async {
        let mut socket = connect(api, id).await?;
        while let Some(message) = socket.next().await {
            let Message::Binary(bytes) = message? else { continue };
            match ServerMessage::decode(&bytes) {
                Ok(ServerMessage::Video(_)) => return Ok(began.elapsed()),
                Ok(ServerMessage::StreamError(error)) => bail!("there is no stream: {error:?}"),
                _ => {}
            }
        }
        bail!("the stream ended before its first picture")
    };
    api.runtime().block_on(async { timeout(OPEN, seen).await.context("no picture in time")? })
}

/// Opens a desktop's stream, and says who one is.
pub(crate) async fn connect(api: &Api, id: &str) -> Result<Socket> {
    let (host, stream) = api::connect(api.url(), api.certificate()).await?;
    let url = format!("ws://{host}/api/v1/external-agents/{}/ws/stream", path_part(id));
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {}", api.token()).parse()?);
    let answered = tokio_tungstenite::client_async(request, stream).await;
    let (mut socket, _) = answered.map_err(|error| match error {
        tokio_tungstenite::tungstenite::Error::Http(answer) => {
            let said = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            anyhow::anyhow!("the control plane answers {}: {said}", answer.status())
        }
        other => other.into(),
    })?;
    let init =
        Init { user_name: Some("lunette stream".to_owned()), lunette: std::num::NonZeroU32::new(1), ..Init::default() };
    socket.send(Message::text(init.to_json())).await?;
    Ok(socket)
}

/// What arrived in some time.
#[derive(Debug, Default)]
struct Count {
    frames: u32,
    keyframes: u32,
    bytes: usize,
    first: Option<Duration>,
    size: Option<(u16, u16)>,
    /// Milliseconds from capture to here.
    late: Vec<f64>,
}

impl Count {
    fn add(&mut self, frame: &VideoFrame, late: Option<f64>, began: Instant) {
        self.frames += 1;
        self.keyframes += u32::from(frame.head.keyframe);
        self.bytes += frame.data.len();
        self.size = Some((frame.head.width, frame.head.height));
        self.first.get_or_insert_with(|| began.elapsed());
        // What others have seen before is as old as it is.
        self.late.extend(late.filter(|_| !frame.head.replay));
    }

    fn line(&self, time: Duration) -> String {
        let seconds = time.as_secs_f64().max(0.001);
        let (width, height) = self.size.unwrap_or_default();
        let rate = f64::from(self.frames) / seconds;
        let kilobits = self.bytes as f64 * 8.0 / 1000.0 / seconds;
        let mut late = self.late.clone();
        late.sort_by(f64::total_cmp);
        let at = |percent: usize| late.get(late.len() * percent / 100).or(late.last()).copied();
        let late = match (at(50), at(95)) {
            (Some(half), Some(most)) => format!("{half:.1} ms from capture, 95 % within {most:.1} ms"),
            _ => "no new picture".to_owned(),
        };
        let first = self.first.map(|first| format!(", first after {:.2} s", first.as_secs_f64())).unwrap_or_default();
        format!(
            "{rate:6.1} frames/s  {kilobits:8.0} kbit/s  {width}x{height}  {} keyframes  {late}{first}",
            self.keyframes
        )
    }
}

/// The stream's clock, by ours.
struct Clock {
    began: Instant,
    number: u32,
    /// The shortest way there and back, in microseconds, and what the stream's clock was ahead then.
    best: Option<(u64, i64)>,
}

impl Clock {
    fn new(began: Instant) -> Self {
        Self { began, number: 0, best: None }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn ping(&mut self) -> Ping {
        self.number += 1;
        Ping { seq: self.number, client_time_us: self.now() }
    }

    fn pong(&mut self, pong: &Pong) {
        let StreamClock::Now(told) = pong.stream_clock else { return };
        let way = self.now().saturating_sub(pong.client_time_us);
        if self.best.is_none_or(|(best, _)| way <= best) {
            let ahead =
                i64::try_from(told.get()).unwrap_or(0) - i64::try_from(pong.client_time_us + way / 2).unwrap_or(0);
            self.best = Some((way, ahead));
        }
    }

    /// Milliseconds from a frame's capture until now.
    fn late(&self, frame: &VideoFrame) -> Option<f64> {
        let (_, ahead) = self.best?;
        let captured = i64::try_from(frame.head.pts_us).ok()?;
        Some((i64::try_from(self.now()).ok()? + ahead - captured) as f64 / 1000.0)
    }
}
