//! The list of windows, and what can be done to them.

use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use lunette_desktop_session::{
    Display, InputSink as _, Session, SessionError, Window, WindowAction, WindowId, Windows, WlrootsOptions,
    WlrootsSink,
};
use lunette_input_events::{Event, KeyCode};
use tokio::runtime::{Builder, Runtime};

use crate::common::{Process, wait};
use crate::fixture::{Sway, with};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn open(sway: &Sway) -> Windows {
    let sway_socket = Some(sway.ipc.clone());
    Windows::open(&Session { display: Some(sway.display.clone()), sway_socket, ..Session::default() })
}

fn foot(sway: &Sway, title: &str) -> Result<Process> {
    let mut command: Command = sway.command("foot");
    command.args(["-c", "/dev/null", "-a", title, "-T", title, "-o", "locked-title=yes", "sleep", "1000"]);
    sway.spawn(&mut command)
}

fn wait_for(
    runtime: &Runtime,
    windows: &Windows,
    what: &str,
    ready: impl Fn(&[Window]) -> bool,
) -> Result<Vec<Window>> {
    wait(what, || {
        let list = runtime.block_on(windows.list())?;
        Ok(ready(&list).then_some(list))
    })
}

fn id(list: &[Window], title: &str) -> WindowId {
    list.iter().find(|window| window.title == title).unwrap().id
}

fn is_focused(list: &[Window], title: &str) -> bool {
    list.iter().any(|window| window.title == title && window.state.is_some_and(|state| state.focused))
}

#[test]
fn windows_are_listed_focused_and_closed() {
    with("windows_are_listed_focused_and_closed", &["foot"], |sway| {
        let (runtime, windows) = (runtime(), open(sway));
        ensure!(runtime.block_on(windows.list())?.is_empty());
        let _one = foot(sway, "one")?;
        wait_for(&runtime, &windows, "a window", |list| list.len() == 1 && is_focused(list, "one"))?;
        let _two = foot(sway, "two")?;
        let list = wait_for(&runtime, &windows, "two windows", |list| list.len() == 2 && is_focused(list, "two"))?;
        ensure!(list.iter().all(|window| window.app_id == window.title), "{list:?}");

        runtime.block_on(windows.act(id(&list, "one"), WindowAction::Focus))?;
        wait_for(&runtime, &windows, "the other has the focus", |list| is_focused(list, "one"))?;
        runtime.block_on(windows.act(id(&list, "two"), WindowAction::Fullscreen))?;
        let is_full = |list: &[Window]| list.iter().any(|window| window.state.is_some_and(|state| state.fullscreen));
        wait_for(&runtime, &windows, "a window fills the screen", is_full)?;
        let refused = runtime.block_on(windows.act(id(&list, "one"), WindowAction::Minimize));
        ensure!(refused.is_err_and(|error| error.to_string().contains("sway neither")));

        runtime.block_on(windows.act(id(&list, "two"), WindowAction::Close))?;
        wait_for(&runtime, &windows, "one is left", |list| list.len() == 1 && list[0].title == "one")?;
        let gone = runtime.block_on(windows.act(id(&list, "two"), WindowAction::Focus));
        ensure!(gone.is_err_and(|error| matches!(error, SessionError::NotFound { what: "window", .. })));
        Ok(())
    });
}

#[test]
fn workspaces_are_listed_and_switched_and_windows_moved() {
    with("workspaces_are_listed_and_switched_and_windows_moved", &["foot"], |sway| {
        let (runtime, windows) = (runtime(), open(sway));
        let _one = foot(sway, "one")?;
        let list = wait_for(&runtime, &windows, "a window", |list| list.len() == 1 && is_focused(list, "one"))?;
        let _two = foot(sway, "two")?;
        wait_for(&runtime, &windows, "two windows", |list| list.len() == 2 && is_focused(list, "two"))?;
        runtime.block_on(windows.move_to_workspace(id(&list, "one"), "2: Büro"))?;
        runtime.block_on(windows.switch_workspace("2: Büro"))?;
        let workspaces = runtime.block_on(windows.workspaces())?;
        let names: Vec<(&str, bool)> = workspaces.iter().map(|w| (w.name.as_str(), w.focused)).collect();
        ensure!(names == [("1", false), ("2: Büro", true)], "{names:?}");
        wait_for(&runtime, &windows, "it came along", |list| is_focused(list, "one"))?;
        Ok(())
    });
}

#[test]
fn a_compositor_gives_a_sign_of_life() {
    with("a_compositor_gives_a_sign_of_life", &[], |sway| {
        let limit = Duration::from_secs(2);
        sway.display.ping(limit)?;
        sway.stop();
        ensure!(sway.display.ping(limit).is_err_and(|error| error.to_string().starts_with("the compositor is gone")));
        Ok(())
    });
}

#[test]
fn a_compositor_that_is_gone_is_named_and_its_successor_is_found() {
    with("a_compositor_that_is_gone_is_named_and_its_successor_is_found", &[], |sway| {
        let folder = sway.path("moved");
        std::os::unix::fs::symlink(sway.display.path(), &folder)?;
        let mut sink = WlrootsSink::open(Display::new(folder.clone()), WlrootsOptions::default())?;
        let key = Event::Key { code: KeyCode(30), down: false };
        sink.send(&key)?;
        sink.flush()?;
        sway.stop();
        let error = wait("it is missed", || Ok(sink.send(&key).and_then(|()| sink.flush()).err()))?;
        ensure!(error.to_string().starts_with("the compositor is gone"), "{error}");
        sway.restart()?;
        wait("it is found", || Ok(sink.send(&key).and_then(|()| sink.flush()).ok()))
    });
}

#[test]
fn a_compositor_that_hangs_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wayland-1");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let (opened, waiting) = mpsc::channel();
    thread::spawn(move || opened.send(WlrootsSink::open(Display::new(path), WlrootsOptions::default())).unwrap());
    let _deaf = listener.accept().unwrap();
    let error = waiting.recv_timeout(Duration::from_secs(20)).unwrap().unwrap_err();
    assert!(matches!(error, SessionError::Late { .. }), "{error}");
}
