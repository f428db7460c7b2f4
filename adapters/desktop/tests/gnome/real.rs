//! A real GNOME Shell without a screen.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use lunette_desktop_session::{Clipboard, Content, InputSink, Kind, SinkKind, Unicode, Windows, open};
use lunette_input_events::{Event, Fraction, KeyCode, PointerButton, Scroll, ScrollKind};
use tokio::time::timeout;
use wayland_client::protocol::wl_pointer::{Axis, AxisSource};

use crate::common::witness::{Seen, Witness};
use crate::common::{LIMIT, Process, wait};
use crate::fixture::{HEIGHT, Shell, WIDTH, runtime, with, with_open_shell};

const GERMAN_TO_EMOJI: &str = "Größe süß ÄÖÜẞ; ça va? œuvre; ひらがな カタカナ 漢字; 😀 👩\u{200d}💻.";

/// A terminal that writes each byte that it gets to the file. It has the focus when something arrives there; how much
/// that was is told, too.
fn terminal(shell: &Shell, sink: &mut dyn InputSink, file: &Path) -> Result<(Process, usize)> {
    let config = shell.path("foot.ini");
    fs::write(&config, "[main]\nfont=monospace:size=8\n")?;
    let script = format!("stty raw -echo; exec cat > '{}'", file.display());
    let mut command = shell.command("foot");
    let process = shell.spawn(command.arg("-c").arg(&config).args(["sh", "-c", &script]))?;
    wait("the terminal takes keys", || {
        sink.send(&Event::Text(".".into()))?;
        sink.flush()?;
        Ok(fs::read(file).is_ok_and(|bytes| !bytes.is_empty()).then_some(()))
    })?;
    sink.send(&Event::Text("#".into()))?;
    wait("all of it arrives", || Ok(fs::read(file).is_ok_and(|bytes| bytes.ends_with(b"#")).then_some(())))?;
    Ok((process, fs::read(file)?.len()))
}

/// What arrives behind that, once it is as long as what is expected.
fn arrives(file: &Path, before: usize, expected: &str) -> Result<()> {
    let read = || fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes[before..]).into_owned());
    let arrived = wait("as much as was typed", || Ok(Some(read()?).filter(|arrived| arrived.len() >= expected.len())));
    let arrived = arrived.or_else(|_| read())?;
    ensure!(arrived == expected, "typed {expected:?}, arrived {arrived:?}");
    Ok(())
}

#[test]
fn keys_and_american_text_arrive() {
    with("keys_and_american_text_arrive", &["foot"], |shell| {
        let file = shell.path("typed");
        let mut sink = open(Some(&SinkKind::Gnome), &shell.session())?;
        let (_terminal, before) = terminal(shell, &mut *sink, &file)?;
        for down in [true, false] {
            sink.send(&Event::Key { code: KeyCode(30), down })?;
        }
        let text = "The quick (brown) fox: ~`|\\ {jumps} OVER 100% of \"it\"!";
        sink.send(&Event::Text(text.into()))?;
        sink.flush()?;
        arrives(&file, before, &format!("a{text}"))
    });
}

#[test]
fn any_text_arrives_in_a_terminal_by_its_paste() {
    with("any_text_arrives_in_a_terminal_by_its_paste", &["foot"], |shell| {
        let file = shell.path("typed");
        let gnome = shell.gnome()?;
        gnome.set_unicode(Unicode::PasteInTerminal)?;
        let mut sink = gnome.sink();
        let clipboard = Clipboard::of_gnome(gnome);
        let (_terminal, before) = terminal(shell, &mut sink, &file)?;
        runtime().block_on(async {
            clipboard.set(vec![Content::Text("before".into())]).await?;
            sink.send(&Event::Text(GERMAN_TO_EMOJI.into()))?;
            tokio::task::block_in_place(|| sink.flush())?;
            ensure!(clipboard.get(Kind::Text).await? == Some(Content::Text("before".into())));
            Ok(())
        })?;
        arrives(&file, before, GERMAN_TO_EMOJI)
    });
}

/// Types into a dialog with one line, which prints that when it ends.
fn into_dialog(shell: &Shell, unicode: Unicode) -> Result<()> {
    let gnome = shell.gnome()?;
    gnome.set_unicode(unicode)?;
    let mut sink = gnome.sink();
    let printed = shell.path("printed");
    let mut command = shell.command("zenity");
    command.args(["--entry", "--text=type"]).stdout(fs::File::create(&printed)?).stderr(std::process::Stdio::null());
    let mut dialog = Process(command.spawn()?);
    let (runtime, windows) = (runtime(), Windows::open(&shell.session()));
    wait("the dialog has the focus", || {
        let list = runtime.block_on(windows.list())?;
        Ok(list.iter().any(|window| window.state.is_some_and(|state| state.focused)).then_some(()))
    })?;
    sink.send(&Event::Text(GERMAN_TO_EMOJI.into()))?;
    sink.flush()?;
    sink.send(&Event::Text("\n".into()))?;
    sink.flush()?;
    wait("the dialog ends", || Ok(dialog.0.try_wait()?))?;
    let printed = fs::read_to_string(&printed)?;
    ensure!(printed.trim_end() == GERMAN_TO_EMOJI, "{printed:?}");
    Ok(())
}

#[test]
fn any_text_arrives_in_a_dialog_by_paste() {
    with_open_shell("any_text_arrives_in_a_dialog_by_paste", &["zenity"], |shell| into_dialog(shell, Unicode::Paste));
}

#[test]
fn any_text_arrives_in_a_dialog_by_number() {
    with_open_shell("any_text_arrives_in_a_dialog_by_number", &["zenity"], |shell| into_dialog(shell, Unicode::Number));
}

fn move_to(x: u32, y: u32) -> Event {
    let fraction = |at: u32, length: u32| Fraction::new((f64::from(at) + 0.5) / f64::from(length)).unwrap();
    Event::MoveTo { x: fraction(x, WIDTH), y: fraction(y, HEIGHT) }
}

fn click(sink: &mut impl InputSink) -> Result<()> {
    for down in [true, false] {
        sink.send(&Event::Button { button: PointerButton::LEFT, down })?;
    }
    Ok(sink.flush()?)
}

#[test]
fn clicks_land_on_their_pixel_and_a_wheel_is_a_wheel() {
    with("clicks_land_on_their_pixel_and_a_wheel_is_a_wheel", &[], |shell| {
        let mut sink = shell.gnome()?.sink();
        let witness = Witness::show(&shell.display())?;
        witness.settle(&mut sink)?;
        for (x, y) in [(3, 5), (640, 360), (1270, 700), (100, 650)] {
            sink.send(&move_to(x, y))?;
            click(&mut sink)?;
            let seen = witness.until_release()?;
            let at = seen.iter().rev().find_map(|seen| match seen {
                Seen::At(x, y) => Some((*x, *y)),
                _ => None,
            });
            let (seen_x, seen_y) = at.unwrap();
            let is_near = |seen: f64, wanted: u32| (seen - f64::from(wanted) - 0.5).abs() <= 0.5;
            ensure!(is_near(seen_x, x) && is_near(seen_y, y), "{x},{y} landed on {seen_x},{seen_y}");
        }
        for dy in [1.0, -2.0] {
            sink.send(&Event::Scroll(Scroll { dx: 0.0, dy, kind: ScrollKind::Wheel }))?;
        }
        click(&mut sink)?;
        let seen = witness.until_release()?;
        let steps: Vec<i32> = seen
            .iter()
            .filter_map(|seen| match seen {
                Seen::Steps(Axis::VerticalScroll, steps) => Some(*steps),
                _ => None,
            })
            .collect();
        // Mutter tells of each notch by itself.
        ensure!(steps == [1, -1, -1], "{seen:?}");
        ensure!(seen.contains(&Seen::Source(AxisSource::Wheel)), "{seen:?}");
        Ok(())
    });
}

#[test]
fn the_clipboard_goes_both_ways() {
    with("the_clipboard_goes_both_ways", &["wl-copy", "wl-paste"], |shell| {
        let clipboard = Clipboard::of_gnome(shell.gnome()?);
        let mut changes = clipboard.changes();
        let text = Content::Text(GERMAN_TO_EMOJI.into());
        runtime().block_on(async {
            clipboard.set(vec![text.clone(), Content::Html("<b>x</b>".into())]).await?;
            timeout(LIMIT, changes.wait_for(|change| change.kinds == [Kind::Text, Kind::Html])).await??;
            ensure!(clipboard.get(Kind::Text).await?.as_ref() == Some(&text));
            let pasted = shell.path("pasted");
            let mut command = shell.command("wl-paste");
            command.arg("--no-newline").stdout(fs::File::create(&pasted)?);
            let mut paste = Process(command.spawn()?);
            tokio::task::block_in_place(|| wait("it is pasted", || Ok(paste.0.try_wait()?)))?;
            ensure!(fs::read(&pasted)? == GERMAN_TO_EMOJI.as_bytes());
            let sequence = changes.borrow().sequence;
            let mut copy = shell.command("wl-copy");
            let _copy = shell.spawn(copy.args(["--foreground", "--type", "text/html", "<i>copied</i>"]))?;
            timeout(LIMIT, changes.wait_for(|change| change.sequence > sequence)).await??;
            ensure!(clipboard.get(Kind::Html).await? == Some(Content::Html("<i>copied</i>".into())));
            Ok(())
        })
    });
}

#[test]
fn windows_are_shown_to_nobody_and_the_reason_is_said() {
    with("windows_are_shown_to_nobody_and_the_reason_is_said", &[], |shell| {
        let list = runtime().block_on(Windows::open(&shell.session()).list());
        ensure!(list.is_err_and(|error| error.to_string().contains("its own programs only")));
        Ok(())
    });
}
