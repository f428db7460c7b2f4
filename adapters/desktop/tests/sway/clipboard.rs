//! What is copied here can be pasted there, and the other way round.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use lunette_desktop_session::{Clipboard, Content, Kind, Session};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::common::{LIMIT, Process};
use crate::fixture::{Sway, with};

const TOOLS: &[&str] = &["wl-copy", "wl-paste"];

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn open(sway: &Sway) -> Result<Clipboard> {
    let clipboard = Clipboard::open(&Session { display: Some(sway.display.clone()), ..Session::default() });
    ensure!(clipboard.unavailable().is_none(), "{:?}", clipboard.unavailable());
    Ok(clipboard)
}

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 300, 200);
    encoder.set_color(png::ColorType::Rgba);
    let pixels: Vec<u8> = (0..300 * 200 * 4u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn contents() -> [Content; 3] {
    let text = "Grüße, 日本語, 😀\nzweite Zeile\n".to_owned();
    [Content::Text(text), Content::Html("<b>fett &amp; 日本</b>".into()), Content::Png(png())]
}

fn bytes(content: &Content) -> Vec<u8> {
    match content {
        Content::Text(text) | Content::Html(text) => text.clone().into_bytes(),
        Content::Png(bytes) => bytes.clone(),
    }
}

/// Copies as a program of the desktop does. It goes on in the background as long as sway.
fn wl_copy(sway: &Sway, mime: &str, bytes: &[u8]) -> Result<()> {
    let mut command = sway.command("wl-copy");
    let mut child = command.args(["--type", mime]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().unwrap().write_all(bytes)?;
    ensure!(child.wait()?.success());
    Ok(())
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

#[test]
fn what_a_program_copies_is_told_and_can_be_read() {
    with("what_a_program_copies_is_told_and_can_be_read", TOOLS, |sway| {
        let clipboard = open(sway)?;
        let mut changes = clipboard.changes();
        changes.mark_unchanged();
        runtime().block_on(async {
            for content in contents() {
                let before = changes.borrow_and_update().sequence;
                wl_copy(sway, content.kind().mime(), &bytes(&content))?;
                let has_kind = |change: &lunette_desktop_session::Change| change.kinds.contains(&content.kind());
                let change = timeout(LIMIT, changes.wait_for(|change| change.sequence > before && has_kind(change)));
                ensure!(change.await??.sequence > before);
                ensure!(clipboard.get(content.kind()).await? == Some(content));
            }
            ensure!(clipboard.get(Kind::Text).await?.is_none());
            Ok(())
        })
    });
}

#[test]
fn what_is_set_can_be_pasted_by_programs_in_every_form() {
    with("what_is_set_can_be_pasted_by_programs_in_every_form", TOOLS, |sway| {
        let clipboard = open(sway)?;
        let mut changes = clipboard.changes();
        runtime().block_on(async {
            clipboard.set(contents().into()).await?;
            timeout(LIMIT, changes.wait_for(|change| change.kinds == Kind::ALL)).await??;
            for content in contents() {
                let mut paste = sway.command("wl-paste");
                let pasted = output(paste.args(["--no-newline", "--type", content.kind().mime()]))?;
                ensure!(pasted == bytes(&content), "{:?}", content.kind());
                ensure!(clipboard.get(content.kind()).await? == Some(content));
            }
            Ok(())
        })
    });
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody() {
    with("a_reader_that_does_not_read_holds_up_nobody", TOOLS, |sway| {
        let clipboard = open(sway)?;
        runtime().block_on(async {
            let long = "x".repeat(4 << 20);
            clipboard.set(vec![Content::Text(long.clone())]).await?;
            let mut paste = sway.command("wl-paste");
            let stuck = Process(paste.stdout(Stdio::piped()).spawn()?);
            let read = timeout(Duration::from_secs(5), clipboard.get(Kind::Text)).await??;
            ensure!(read == Some(Content::Text(long)));
            drop(stuck);
            Ok(())
        })
    });
}

#[test]
fn too_much_is_refused() {
    with("too_much_is_refused", TOOLS, |sway| {
        let clipboard = open(sway)?;
        runtime().block_on(async {
            let long = "x".repeat(lunette_desktop_session::LARGEST + 1);
            ensure!(clipboard.set(vec![Content::Text(long.clone())]).await.is_err());
            wl_copy(sway, "text/plain", long.as_bytes())?;
            let read = clipboard.get(Kind::Text).await;
            ensure!(read.is_err_and(|error| error.to_string().contains("larger than")));
            Ok(())
        })
    });
}
