//! From a press to the picture that shows what it did, at a viewer of a control plane.
//!
//! ```text
//!   right button ─▶ gateway ─▶ bridge ─▶ compositor: a menu ─▶ QEMU ─▶ frame-export ─▶ bridge ─▶ gateway ─▶ here
//! ```
//! Painting is not part of it: there is no screen here.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use lunette_input_events::{Keysym, Modifiers};
use lunette_wire::stream::{ClientMessage, Input, ServerMessage};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::stats::Samples;
use crate::desktops::{At, Socket, connect};

/// For one picture.
const LIMIT: Duration = Duration::from_secs(20);
/// Without a picture for so long the desktop is still.
const STILL: Duration = Duration::from_millis(400);
const ESCAPE: Keysym = Keysym(0xff1b);

/// Arguments of `lunette bench e2e`.
#[derive(Debug, Args)]
pub(crate) struct E2eArgs {
    /// Which desktop, of a profile that opens a menu at the right button, such as light [default: the only one]
    id: Option<String>,
    /// Presses
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

/// Measures; returns what to print.
pub(super) fn run(args: &E2eArgs) -> Result<String> {
    let api = args.at.api()?;
    let id = At::desktop(&api, args.id.as_deref())?;
    let samples = api.runtime().block_on(async {
        let mut socket = timeout(LIMIT, connect(&api, &id)).await.context("no stream in time")??;
        press(&mut socket, args.count).await
    })?;
    let spread = samples.spread().context("nothing was measured")?;
    if args.json {
        return Ok(format!("{}\n", json!({ "desktop": id, "press_to_picture_ms": spread })));
    }
    Ok(format!(
        "lunette bench e2e {id} --count {}: press to picture, ms: least {:.1}, median {:.1}, 99 % {:.1}, most {:.1}\n",
        args.count, spread.min, spread.median, spread.p99, spread.max
    ))
}

async fn press(socket: &mut Socket, count: u32) -> Result<Samples> {
    picture(socket, LIMIT).await?;
    // Away from everything that a pointer would light up.
    send(socket, Input::MoveTo { x: 500, y: 700, width: 1000, height: 1000 }).await?;
    let mut samples = Samples::default();
    for _ in 0..count {
        settle(socket).await?;
        let began = Instant::now();
        send(socket, Input::Button { down: true, button: 3 }).await?;
        send(socket, Input::Button { down: false, button: 3 }).await?;
        let seen = picture(socket, LIMIT).await;
        seen.context("a press of the right button changes nothing on this desktop")?;
        samples.push_time(began.elapsed());
        settle(socket).await?;
        send(socket, Input::KeysymTap { modifiers: Modifiers::default(), keysym: ESCAPE }).await?;
        picture(socket, LIMIT).await.context("the menu does not close")?;
    }
    Ok(samples)
}

async fn send(socket: &mut Socket, input: Input) -> Result<()> {
    Ok(socket.send(Message::Binary(ClientMessage::Input(input).encode())).await?)
}

/// Waits for a picture.
async fn picture(socket: &mut Socket, limit: Duration) -> Result<()> {
    let next = async {
        while let Some(message) = socket.next().await {
            let Message::Binary(bytes) = message? else { continue };
            match ServerMessage::decode(&bytes) {
                Ok(ServerMessage::Video(_)) => return Ok(()),
                Ok(ServerMessage::StreamError(error)) => bail!("there is no stream: {error:?}"),
                _ => {}
            }
        }
        bail!("the stream ended")
    };
    timeout(limit, next).await.context("no picture in time")?
}

/// Waits until the desktop is still.
async fn settle(socket: &mut Socket) -> Result<()> {
    let until = Instant::now() + LIMIT;
    // A late picture of what was done last comes within a moment.
    sleep(Duration::from_millis(50)).await;
    while picture(socket, STILL).await.is_ok() {
        ensure!(Instant::now() < until, "this desktop is never still");
    }
    Ok(())
}
