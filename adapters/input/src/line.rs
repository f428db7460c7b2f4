//! Lines of the input socket: one JSON object each.
//!
//! | `type` | fields | meaning |
//! |---|---|---|
//! | `mouse_move_abs` | `x`, `y` | pixels of the screen's current size; outside of it counts as its edge |
//! | `mouse_move_rel` | `dx`, `dy` | pixels |
//! | `button` | `button`, `state` | the kernel's code, 272 is left; `state` is true, false, 1 or 0 |
//! | `scroll` | `dx`, `dy` | notches of a wheel; right and down are positive |
//! | `scroll_smooth` | `dx`, `dy` | the same in tenths of a notch |
//! | `key` | `keycode`, `state` | the kernel's code, 30 is A |
//! | `touch_down`, `touch_motion` | `slot`, `x`, `y` | the client's number for the finger; pixels |
//! | `touch_up` | `slot` | |
//! | `release` | | what this client holds goes up, as when its window loses the focus |
//!
//! Fields that the type does not need may be there, as `stream` that some clients send always; fields that no type has
//! may not. A refused line does nothing and is answered by `{"error":"…"}`; other lines have no answer.

use lunette_sys_uinput::Key;
use serde::Deserialize;

use crate::Refusal;

/// Longest line in bytes, without its end.
pub const LONGEST_LINE: usize = 1024;
/// No screen is as large; far smaller than what an `i32` holds in 120ths of a notch.
const FARTHEST: f64 = 1_000_000.0;
/// Of `scroll_smooth`.
const STEPS_PER_NOTCH: f64 = 10.0;

/// What a client wants to happen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// The pointer goes to this pixel.
    MoveTo {
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
    },
    /// The pointer moves by so many pixels.
    MoveBy {
        /// To the right.
        dx: f64,
        /// Down.
        dy: f64,
    },
    /// A button of the mouse.
    Button {
        /// Which.
        button: Key,
        /// Down or up.
        down: bool,
    },
    /// The wheels turn by so many notches.
    Scroll {
        /// To the right.
        dx: f64,
        /// Down.
        dy: f64,
    },
    /// A key of the keyboard.
    Key {
        /// Which.
        key: Key,
        /// Down or up.
        down: bool,
    },
    /// A finger comes down or moves.
    Touch {
        /// The client's number for it.
        slot: u32,
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
        /// Whether it comes down.
        down: bool,
    },
    /// A finger goes up.
    TouchUp {
        /// The client's number for it.
        slot: u32,
    },
    /// All that the client holds goes up.
    Release,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    r#type: String,
    x: Option<f64>,
    y: Option<f64>,
    dx: Option<f64>,
    dy: Option<f64>,
    button: Option<u64>,
    state: Option<State>,
    keycode: Option<u64>,
    slot: Option<u32>,
    #[serde(rename = "stream")]
    _stream: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum State {
    Flag(bool),
    Number(u8),
}

/// Reads a line.
///
/// # Errors
/// When it is not one of those above.
pub fn parse(line: &[u8]) -> Result<Action, Refusal> {
    if line.len() > LONGEST_LINE {
        return Err(Refusal::TooLong);
    }
    let fields: Fields = serde_json::from_slice(line).map_err(|error| Refusal::Syntax(error.to_string()))?;
    match fields.r#type.as_str() {
        "mouse_move_abs" => {
            let (x, y) = fields.position("mouse_move_abs")?;
            Ok(Action::MoveTo { x, y })
        }
        "mouse_move_rel" => {
            let (dx, dy) = fields.distance("mouse_move_rel")?;
            Ok(Action::MoveBy { dx, dy })
        }
        "scroll" => {
            let (dx, dy) = fields.distance("scroll")?;
            Ok(Action::Scroll { dx, dy })
        }
        "scroll_smooth" => {
            let (dx, dy) = fields.distance("scroll_smooth")?;
            Ok(Action::Scroll { dx: dx / STEPS_PER_NOTCH, dy: dy / STEPS_PER_NOTCH })
        }
        "button" => fields.button(),
        "key" => fields.key(),
        "touch_down" => fields.touch("touch_down", true),
        "touch_motion" => fields.touch("touch_motion", false),
        "touch_up" => Ok(Action::TouchUp { slot: fields.slot("touch_up")? }),
        "release" => Ok(Action::Release),
        other => Err(Refusal::Type(other.chars().take(40).collect())),
    }
}

impl Fields {
    fn position(&self, kind: &'static str) -> Result<(f64, f64), Refusal> {
        Ok((number(kind, "x", self.x)?, number(kind, "y", self.y)?))
    }

    /// One of the two may be left out.
    fn distance(&self, kind: &'static str) -> Result<(f64, f64), Refusal> {
        if self.dx.is_none() && self.dy.is_none() {
            return Err(Refusal::Missing { kind, field: "dx or dy" });
        }
        Ok((number(kind, "dx", self.dx.or(Some(0.0)))?, number(kind, "dy", self.dy.or(Some(0.0)))?))
    }

    fn button(&self) -> Result<Action, Refusal> {
        let code = self.button.ok_or(Refusal::Missing { kind: "button", field: "button" })?;
        let button = known("mouse", code, Key::is_of_mice)?;
        Ok(Action::Button { button, down: self.state("button")? })
    }

    fn key(&self) -> Result<Action, Refusal> {
        let code = self.keycode.ok_or(Refusal::Missing { kind: "key", field: "keycode" })?;
        let key = known("keyboard", code, Key::is_of_keyboards)?;
        Ok(Action::Key { key, down: self.state("key")? })
    }

    fn touch(&self, kind: &'static str, down: bool) -> Result<Action, Refusal> {
        let (x, y) = self.position(kind)?;
        Ok(Action::Touch { slot: self.slot(kind)?, x, y, down })
    }

    fn slot(&self, kind: &'static str) -> Result<u32, Refusal> {
        self.slot.ok_or(Refusal::Missing { kind, field: "slot" })
    }

    fn state(&self, kind: &'static str) -> Result<bool, Refusal> {
        match self.state.ok_or(Refusal::Missing { kind, field: "state" })? {
            State::Flag(down) => Ok(down),
            State::Number(number @ (0 | 1)) => Ok(number == 1),
            State::Number(number) => Err(Refusal::Number { field: "state", value: number.into() }),
        }
    }
}

fn number(kind: &'static str, field: &'static str, value: Option<f64>) -> Result<f64, Refusal> {
    let value = value.ok_or(Refusal::Missing { kind, field })?;
    if value.abs() <= FARTHEST { Ok(value) } else { Err(Refusal::Number { field, value }) }
}

fn known(what: &'static str, code: u64, is_known: fn(Key) -> bool) -> Result<Key, Refusal> {
    let key = u16::try_from(code).ok().map(Key).filter(|key| is_known(*key));
    key.ok_or(Refusal::Code { what, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Action, String> {
        parse(line.as_bytes()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn every_type_is_read() {
        let a = Key(30);
        for (line, action) in [
            (r#"{"type":"mouse_move_abs","x":1,"y":2.5,"stream":"/s"}"#, Action::MoveTo { x: 1.0, y: 2.5 }),
            (r#"{"type":"mouse_move_rel","dx":-3,"dy":0.5}"#, Action::MoveBy { dx: -3.0, dy: 0.5 }),
            (r#"{"type":"button","button":272,"state":true}"#, Action::Button { button: Key::LEFT, down: true }),
            (r#"{"type":"scroll","dy":-1}"#, Action::Scroll { dx: 0.0, dy: -1.0 }),
            (r#"{"type":"scroll_smooth","dx":5,"dy":20}"#, Action::Scroll { dx: 0.5, dy: 2.0 }),
            (r#"{"type":"key","keycode":30,"state":1,"x":0,"y":0}"#, Action::Key { key: a, down: true }),
            (r#"{"type":"key","keycode":30,"state":0}"#, Action::Key { key: a, down: false }),
            (r#"{"type":"touch_down","slot":2,"x":1,"y":2}"#, Action::Touch { slot: 2, x: 1.0, y: 2.0, down: true }),
            (r#"{"type":"touch_motion","slot":2,"x":1,"y":2}"#, Action::Touch { slot: 2, x: 1.0, y: 2.0, down: false }),
            (r#"{"type":"touch_up","slot":2}"#, Action::TouchUp { slot: 2 }),
            (r#"{"type":"release"}"#, Action::Release),
        ] {
            assert_eq!(read(line), Ok(action), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, reason) in [
            (r#"{"type":"jump"}"#, "no type \"jump\""),
            (r#"{"type":"mouse_move_abs","x":1}"#, "mouse_move_abs needs y"),
            (r#"{"type":"scroll"}"#, "scroll needs dx or dy"),
            (r#"{"type":"mouse_move_rel","dx":1e7}"#, "dx cannot be 10000000"),
            (r#"{"type":"key","keycode":30}"#, "key needs state"),
            (r#"{"type":"key","keycode":0,"state":1}"#, "no keyboard has the code 0"),
            (r#"{"type":"key","keycode":272,"state":1}"#, "no keyboard has the code 272"),
            (r#"{"type":"key","keycode":65566,"state":1}"#, "no keyboard has the code 65566"),
            (r#"{"type":"button","button":30,"state":1}"#, "no mouse has the code 30"),
            (r#"{"type":"key","keycode":30,"state":2}"#, "state cannot be 2"),
            (r#"{"type":"touch_down","x":1,"y":1}"#, "touch_down needs slot"),
            (r#"{"type":"touch_up"}"#, "touch_up needs slot"),
        ] {
            assert_eq!(read(line), Err(reason.to_owned()), "{line}");
        }
    }

    #[test]
    fn what_is_no_line_is_not_understood() {
        for line in [
            "",
            "[]",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"key","keycode":-1,"state":1}"#,
            r#"{"type":"key","keycode":30,"state":"down"}"#,
            r#"{"type":"mouse_move_abs","x":NaN,"y":1}"#,
            r#"{"type":"mouse_move_abs","x":1e999,"y":1}"#,
            r#"{"type":"release","sudo":true}"#,
            r#"{"type":"release"}{"type":"release"}"#,
            "\u{feff}{\"type\":\"release\"}",
        ] {
            assert!(matches!(parse(line.as_bytes()), Err(Refusal::Syntax(_))), "{line}: {:?}", parse(line.as_bytes()));
        }
        assert_eq!(parse(&[b' '; LONGEST_LINE + 1]), Err(Refusal::TooLong));
        assert!(parse(b"\xff").is_err());
    }
}
