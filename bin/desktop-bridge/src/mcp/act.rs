//! Tools that do something.

use serde::Serialize;

use super::arguments::Arguments;
use super::result::{Content, Failure};
use crate::agent::{AgentHost, Caller, Clip, ClipKind, Request, WindowAction, Wish, act};

pub(super) async fn input<H: AgentHost>(
    host: &H,
    caller: &Caller,
    name: &str,
    arguments: Arguments<'_>,
) -> Result<Content, Failure> {
    let request = Request { events: vec![wish(name, arguments)?], frame: arguments.whole("frame"), region: None };
    let acted = act(host, caller, &request).await?;
    Ok(Content::text(match acted.frame {
        Some(frame) => format!("Done on frame {frame}; what comes of it is in later frames."),
        None => "Done.".to_owned(),
    }))
}

fn wish(name: &str, arguments: Arguments<'_>) -> Result<Wish, Failure> {
    let coordinate = |name| arguments.coordinate(name);
    let optional = |name| arguments.number(name);
    let (button, notches) = (arguments.button(), |name| arguments.number(name).unwrap_or(0.0));
    Ok(match name {
        "click" => Wish::Click { x: optional("x"), y: optional("y"), button },
        "double_click" => Wish::DoubleClick { x: optional("x"), y: optional("y"), button },
        "move" => Wish::Move { x: coordinate("x")?, y: coordinate("y")? },
        "drag" => Wish::Drag {
            x: coordinate("x")?,
            y: coordinate("y")?,
            to_x: coordinate("to_x")?,
            to_y: coordinate("to_y")?,
            button,
        },
        "scroll" => Wish::Scroll { x: optional("x"), y: optional("y"), dx: notches("dx"), dy: notches("dy") },
        "type_text" => Wish::Text { text: arguments.required("text")?.to_owned() },
        _ => Wish::Key { key: arguments.required("key")?.to_owned() },
    })
}

pub(super) async fn get_clipboard<H: AgentHost>(host: &H, arguments: Arguments<'_>) -> Result<Content, Failure> {
    let kind = match arguments.text("kind") {
        Some("html") => ClipKind::Html,
        Some("image") => ClipKind::Image,
        _ => ClipKind::Text,
    };
    Ok(match host.clipboard(kind).await? {
        None => Content::text("There is nothing of this kind on the clipboard."),
        Some(Clip::Text(text) | Clip::Html(text)) => Content::text(text),
        Some(Clip::Image(file)) => Content::default().and_image("image/png", &file),
    })
}

pub(super) async fn set_clipboard<H: AgentHost>(host: &H, arguments: Arguments<'_>) -> Result<Content, Failure> {
    let clip = match (arguments.text("text"), arguments.text("html")) {
        (Some(text), None) => Clip::Text(text.to_owned()),
        (None, Some(html)) => Clip::Html(html.to_owned()),
        _ => return Err(Failure::new("set_clipboard: either text or html is needed")),
    };
    host.set_clipboard(clip).await?;
    Ok(Content::text("It is on the clipboard."))
}

/// Windows, workspaces and applications.
pub(super) async fn desktop<H: AgentHost>(host: &H, name: &str, arguments: Arguments<'_>) -> Result<Content, Failure> {
    match name {
        "list_windows" => return listing(&host.windows().await?, "windows"),
        "get_workspaces" => return listing(&host.workspaces().await?, "workspaces"),
        "list_apps" => return listing(&host.apps().await?, "applications"),
        "switch_to_workspace" => host.switch_workspace(arguments.required("workspace_id")?).await?,
        "launch_app" => host.launch(arguments.required("app_id")?).await?,
        _ => host.window(arguments.required("window_id")?, action(name, arguments)?).await?,
    }
    Ok(Content::text("Done."))
}

fn action(name: &str, arguments: Arguments<'_>) -> Result<WindowAction, Failure> {
    Ok(match name {
        "focus_window" => WindowAction::Focus,
        "close_window" => WindowAction::Close,
        "maximize_window" => WindowAction::Maximize,
        "minimize_window" => WindowAction::Minimize,
        "tile_window" if arguments.text("side") == Some("left") => WindowAction::TileLeft,
        "tile_window" => WindowAction::TileRight,
        "move_to_workspace" => WindowAction::MoveToWorkspace(arguments.required("workspace_id")?.to_owned()),
        other => return Err(Failure::new(format!("{other} is not known"))),
    })
}

/// A list as JSON, which models read well.
fn listing(entries: &[impl Serialize], what: &str) -> Result<Content, Failure> {
    if entries.is_empty() {
        return Ok(Content::text(format!("There are no {what}.")));
    }
    serde_json::to_string(entries).map(Content::text).map_err(|error| Failure::new(error.to_string()))
}
