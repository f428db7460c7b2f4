//! The tools, with exact schemas.

use std::sync::LazyLock;

use lunette_frame::PictureRef;
use serde_json::{Value, json};

use super::schema::{number, object, one_of, switch, text, whole};

/// One tool.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Names that it had elsewhere.
    aliases: &'static [&'static str],
    about: &'static str,
    changes: Changes,
    pub(super) schema: Value,
}

/// Whether a tool changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changes {
    Nothing,
    Desktop,
}

/// Numbers that JSON carries exactly.
const EXACT: u64 = (1 << 53) - 1;
const SIDE: u64 = PictureRef::MAX_SIDE as u64;
/// The longest wait, in milliseconds.
const WAIT: u64 = 60_000;
/// Characters on the clipboard.
const CLIP: usize = 200_000;
/// Characters to type.
pub(super) const TYPED: usize = 65_536;

static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| [looking(), acting(), desktop()].into_iter().flatten().collect());

/// The tool of this name.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name || tool.aliases.contains(&name))
}

/// What `tools/list` says.
pub(super) fn listed() -> Vec<Value> {
    let listed = |tool: &Tool| {
        json!({
            "name": tool.name,
            "description": tool.about,
            "inputSchema": tool.schema,
            "annotations": {"readOnlyHint": tool.changes == Changes::Nothing, "openWorldHint": false},
        })
    };
    TOOLS.iter().map(listed).collect()
}

fn tool(
    name: &'static str,
    aliases: &'static [&'static str],
    changes: Changes,
    about: &'static str,
    members: &[(&str, Value)],
    required: &[&str],
) -> Tool {
    Tool { name, aliases, about, changes, schema: object(members, required) }
}

fn region(about: &str) -> Value {
    let side = |about| whole(0, SIDE, about);
    let length = |about| whole(1, SIDE, about);
    let members =
        [("x", side("left edge")), ("y", side("upper edge")), ("width", length("width")), ("height", length("height"))];
    let mut region = object(&members, &["x", "y", "width", "height"]);
    region["description"] = about.into();
    region
}

fn frame() -> (&'static str, Value) {
    let about = "number of the picture that this was decided on; refused if what is there has changed since";
    ("frame", whole(1, EXACT, about))
}

fn place() -> [(&'static str, Value); 2] {
    let coordinate = |about| number(0.0, SIDE as f64, about);
    [("x", coordinate("pixels from the left of the whole picture")), ("y", coordinate("pixels from its top"))]
}

fn button() -> (&'static str, Value) {
    ("button", one_of(&["left", "middle", "right", "back", "forward"], "mouse button, left by default"))
}

fn timeout() -> (&'static str, Value) {
    ("timeout_ms", whole(0, WAIT, "longest wait in milliseconds, 10000 by default"))
}

fn picture() -> Vec<(&'static str, Value)> {
    vec![
        ("format", one_of(&["png", "jpeg", "webp"], "png by default: exact, good for text; jpeg is smaller")),
        ("quality", whole(1, 100, "of jpeg, 80 by default")),
        ("region", region("only this part, in pixels of the whole picture")),
        ("scale", number(0.05, 1.0, "share of the size, 1 by default; half is legible for most text")),
        ("include_cursor", switch("draw the mouse pointer in, true by default")),
    ]
}

fn looking() -> Vec<Tool> {
    let since = ("since", whole(1, EXACT, "number of an earlier picture: gives only the parts that changed after it"));
    let file = ("path", text(200, "name of the file, without folder"));
    let watched = ("region", region("only watch this part"));
    let quiet = ("quiet_ms", whole(50, WAIT, "how long nothing may change, 500 by default"));
    let since_change = ("since", whole(1, EXACT, "number of the picture that was seen last"));
    vec![
        tool(
            "screenshot",
            &["take_screenshot"],
            Changes::Nothing,
            "The desktop as a picture, with the picture's number. With `since`, only what changed after that picture.",
            &[picture(), vec![since]].concat(),
            &[],
        ),
        tool(
            "save_screenshot",
            &[],
            Changes::Desktop,
            "Saves a picture of the desktop as a file in the folder for files, and says under which name.",
            &[picture(), vec![file]].concat(),
            &["path"],
        ),
        tool(
            "get_screen",
            &["screen_info", "cursor_position"],
            Changes::Nothing,
            "The picture's size and number, and where the mouse pointer is, without a picture.",
            &[],
            &[],
        ),
        tool(
            "wait_change",
            &["wait_for_change"],
            Changes::Nothing,
            "Waits until the desktop differs from a picture that was seen, and says where.",
            &[since_change, watched.clone(), timeout()],
            &["since"],
        ),
        tool(
            "wait_stable",
            &["wait_for_stable"],
            Changes::Nothing,
            "Waits until nothing has changed for a while, as after a page was loaded.",
            &[quiet, watched, timeout()],
            &[],
        ),
    ]
}

fn acting() -> Vec<Tool> {
    let [x, y] = place();
    let [to_x, to_y] = place().map(|(_, schema)| schema);
    let ends = [("to_x", to_x), ("to_y", to_y)];
    let notches = |about| number(-100.0, 100.0, about);
    let wheel = [("dx", notches("notches to the right")), ("dy", notches("notches down; 3 is a usual step"))];
    let click = [vec![x.clone(), y.clone()], vec![button(), frame()]].concat();
    let go = [x.clone(), y.clone(), frame()];
    let typed = text(TYPED, "any Unicode text; a line end presses Return");
    let key = text(64, "such as Return, Escape, F5, a, ctrl+s, ctrl+shift+t, alt+Tab, super");
    let act = Changes::Desktop;
    vec![
        tool("click", &["mouse_click", "left_click"], act, "Clicks at a place.", &click, &["x", "y"]),
        tool("double_click", &["mouse_double_click"], act, "Clicks twice at a place.", &click, &["x", "y"]),
        tool("move", &["mouse_move", "move_mouse"], act, "Moves the mouse pointer to a place.", &go, &["x", "y"]),
        tool(
            "drag",
            &["mouse_drag"],
            act,
            "Presses a mouse button at one place and releases it at another.",
            &[click.clone(), ends.to_vec()].concat(),
            &["x", "y", "to_x", "to_y"],
        ),
        tool(
            "scroll",
            &["mouse_scroll"],
            act,
            "Turns the mouse wheel, at a place or where the pointer is.",
            &[vec![x, y, frame()], wheel.to_vec()].concat(),
            &[],
        ),
        tool(
            "type_text",
            &["type", "keyboard_type"],
            act,
            "Types text into whatever has the keyboard.",
            &[("text", typed)],
            &["text"],
        ),
        tool(
            "key",
            &["press_key", "key_press"],
            act,
            "Presses a key, alone or together with ctrl, shift, alt and super.",
            &[("key", key)],
            &["key"],
        ),
    ]
}

fn desktop() -> Vec<Tool> {
    let act = Changes::Desktop;
    let window = ("window_id", text(256, "id of the window, as list_windows tells it"));
    let workspace = ("workspace_id", text(256, "id of the workspace, as get_workspaces tells it"));
    let app = ("app_id", text(256, "id of the application, as list_apps tells it"));
    let kind = ("kind", one_of(&["text", "html", "image"], "text by default"));
    let side = ("side", one_of(&["left", "right"], "which half of the screen"));
    let clip = [("text", text(CLIP, "the text")), ("html", text(CLIP, "the same as HTML, instead of text"))];
    let by_window = |name, about| tool(name, &[], act, about, std::slice::from_ref(&window), &["window_id"]);
    let plain = |name, about| tool(name, &[], Changes::Nothing, about, &[], &[]);
    vec![
        tool("get_clipboard", &[], Changes::Nothing, "What is on the clipboard.", &[kind], &[]),
        tool("set_clipboard", &[], act, "Puts text or HTML on the clipboard.", &clip, &[]),
        plain("list_windows", "The windows: id, title, application, and which has the keyboard."),
        by_window("focus_window", "Brings a window to the front and gives it the keyboard."),
        by_window("close_window", "Asks a window to close."),
        by_window("maximize_window", "Makes a window as large as the screen."),
        by_window("minimize_window", "Puts a window out of sight."),
        tool(
            "tile_window",
            &[],
            act,
            "Puts a window on one half of the screen.",
            &[window.clone(), side],
            &["window_id", "side"],
        ),
        plain("get_workspaces", "The workspaces, and which is shown."),
        tool(
            "switch_to_workspace",
            &[],
            act,
            "Shows a workspace.",
            std::slice::from_ref(&workspace),
            &["workspace_id"],
        ),
        tool(
            "move_to_workspace",
            &[],
            act,
            "Moves a window to a workspace.",
            &[window.clone(), workspace.clone()],
            &["window_id", "workspace_id"],
        ),
        plain("list_apps", "The applications that can be started."),
        tool("launch_app", &[], act, "Starts an application.", &[app], &["app_id"]),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let names = TOOLS.iter().flat_map(|tool| [tool.name].into_iter().chain(tool.aliases.iter().copied()));
        let mut seen = HashSet::new();
        for name in names {
            assert!(seen.insert(name), "{name}");
            assert!(find(name).is_some());
        }
        for existing in ["take_screenshot", "save_screenshot", "type_text", "mouse_click", "get_clipboard"] {
            assert!(seen.contains(existing), "{existing}");
        }
    }

    #[test]
    fn every_schema_is_exact() {
        fn exact(schema: &Value) {
            if schema["type"] == "object" {
                assert_eq!(schema["additionalProperties"], false, "{schema}");
                let members = schema["properties"].as_object().expect("members");
                let required = schema["required"].as_array().expect("a list");
                assert!(required.iter().all(|name| members.contains_key(name.as_str().expect("a name"))), "{schema}");
                members.values().for_each(exact);
            }
        }
        for tool in TOOLS.iter() {
            exact(&tool.schema);
        }
    }
}
