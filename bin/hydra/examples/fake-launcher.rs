//! A launcher without a desktop, for hydra's tests: speaks `control.sock`, and misbehaves as the order's variable `FAKE`
//! says.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lunette_desktop::control::{Answer, Request};
use lunette_desktop::{BridgeReport, Ending, Order, Phase, Places, Reason, Report};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args_os();
    args.by_ref().find(|arg| arg == "--dir").context("no --dir")?;
    let places = Places::at(PathBuf::from(args.next().context("no folder")?));
    let order: Order = serde_json::from_slice(&std::fs::read(places.order())?)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let fake = order.environment.get("FAKE").map_or("", String::as_str);
    println!("fake launcher of {}, {fake:?}, restart {}", order.id, order.restarts);
    std::fs::write(places.log(), format!("desktop {} prints\n", order.id))?;
    if fake == "slow" {
        wait_for(&places.folder().join("go")).await;
    }
    let (showing, shown) = watch::channel(report(&order, Phase::Starting, None));
    if fake != "silent" {
        // Left by a life before.
        let _ = (std::fs::remove_file(places.control()), std::fs::remove_file(places.input()));
        tokio::spawn(control(UnixListener::bind(places.control())?, shown, showing.clone()));
        tokio::spawn(input(UnixListener::bind(places.input())?, places.folder().join("input.txt")));
    }
    showing.send_replace(report(&order, Phase::Running, None));
    match fake {
        "crash" => return end(&places, &order, Phase::Failed, crashed()),
        "vanish-once" if order.restarts == 0 => std::process::exit(3),
        "deaf" | "silent" => std::future::pending().await,
        _ => {}
    }
    terminate.recv().await;
    showing.send_replace(report(&order, Phase::Stopping, None));
    end(&places, &order, Phase::Stopped, Reason::Asked)
}

fn crashed() -> Reason {
    Reason::CompositorEnded { ending: Ending::Signal(11) }
}

fn end(places: &Places, order: &Order, phase: Phase, reason: Reason) -> anyhow::Result<()> {
    std::fs::write(places.report(), serde_json::to_vec(&report(order, phase, Some(reason)))?)?;
    Ok(())
}

fn report(order: &Order, phase: Phase, reason: Option<Reason>) -> Report {
    Report {
        id: order.id.clone(),
        phase,
        since_ms: order.ordered_at_ms,
        reason,
        launcher_pid: i32::try_from(std::process::id()).unwrap_or(0),
        container_pid: Some(1),
        scanout: Some(order.slot.get() + 1),
        connector: Some(format!("Virtual-{}", order.slot.get() + 2)),
        size: order.size,
        first_picture_ms: Some(5),
        restarts: order.restarts,
        devices: vec!["/dev/dri/card0".to_owned(), "/dev/dri/renderD128".to_owned()],
        address: Some("10.213.0.2".to_owned()),
        bridge: BridgeReport::default(),
    }
}

async fn wait_for(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn control(listener: UnixListener, shown: watch::Receiver<Report>, showing: watch::Sender<Report>) {
    let showing = Arc::new(showing);
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(talk(stream, shown.clone(), Arc::clone(&showing)));
    }
}

async fn talk(
    stream: UnixStream,
    mut shown: watch::Receiver<Report>,
    showing: Arc<watch::Sender<Report>>,
) -> Option<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    match serde_json::from_str(&lines.next_line().await.ok()??).ok()? {
        Request::Watch => loop {
            let report = shown.borrow_and_update().clone();
            say(&mut writing, &Answer::Report(Box::new(report))).await?;
            shown.changed().await.ok()?;
        },
        Request::Resize { size } if size.width > 4000 => {
            say(&mut writing, &Answer::Refused { why: "too wide for a fake".to_owned() }).await
        }
        Request::Resize { size } => {
            showing.send_modify(|report| report.size = size);
            say(&mut writing, &Answer::Done).await
        }
        Request::Stop => None,
    }
}

async fn say(writing: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> Option<()> {
    let mut line = serde_json::to_vec(answer).ok()?;
    line.push(b'\n');
    writing.write_all(&line).await.ok()
}

async fn input(listener: UnixListener, to: PathBuf) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut text = String::new();
        if stream.read_to_string(&mut text).await.is_ok() {
            // The test sees that it is missing.
            let _ = std::fs::write(&to, text);
        }
    }
}
