//! What programs want done, in words of people; turned into input events.

use axum::http::StatusCode;
use lunette_frame::{Rect, Size};
use lunette_input_events::{Event, Fraction, MAX_TEXT, PointerButton, Scroll, ScrollKind, TouchPhase, parse_chord};
use serde::Deserialize;

use crate::problem::Problem;

/// One thing to do. Places are pixels of the picture, from its upper left corner.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wish {
    /// The pointer goes there.
    Move {
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
    },
    /// A button is pressed and released, there or where the pointer is.
    Click {
        /// From the left.
        x: Option<f64>,
        /// From the top.
        y: Option<f64>,
        /// Which button.
        #[serde(default)]
        button: Button,
    },
    /// The same, twice.
    DoubleClick {
        /// From the left.
        x: Option<f64>,
        /// From the top.
        y: Option<f64>,
        /// Which button.
        #[serde(default)]
        button: Button,
    },
    /// A button is pressed in one place and released in another.
    Drag {
        /// Start, from the left.
        x: f64,
        /// Start, from the top.
        y: f64,
        /// End, from the left.
        to_x: f64,
        /// End, from the top.
        to_y: f64,
        /// Which button.
        #[serde(default)]
        button: Button,
    },
    /// A button goes down or up.
    Button {
        /// Which.
        #[serde(default)]
        button: Button,
        /// Down or up.
        down: bool,
    },
    /// The wheel turns, there or where the pointer is.
    Scroll {
        /// From the left.
        x: Option<f64>,
        /// From the top.
        y: Option<f64>,
        /// Notches to the right.
        #[serde(default)]
        dx: f64,
        /// Notches down.
        #[serde(default)]
        dy: f64,
    },
    /// A key is pressed and released, alone or with others: `Return`, `ctrl+s`.
    Key {
        /// Which.
        key: String,
    },
    /// A key goes down.
    KeyDown {
        /// Which.
        key: String,
    },
    /// A key goes up.
    KeyUp {
        /// Which.
        key: String,
    },
    /// Text is typed.
    Text {
        /// The text.
        text: String,
    },
    /// A finger does something.
    Touch {
        /// Which finger.
        #[serde(default)]
        slot: u32,
        /// What.
        phase: Phase,
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
    },
}

/// A button of the mouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Button {
    /// The main one.
    #[default]
    Left,
    /// The wheel.
    Middle,
    /// The one that opens menus.
    Right,
    /// Backward.
    Back,
    /// Forward.
    Forward,
}

/// What a finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Comes down.
    Down,
    /// Moves.
    Move,
    /// Goes up.
    Up,
    /// Never was there.
    Cancel,
}

/// Fingers that there are at most.
const FINGERS: u32 = 10;
/// Notches at once.
const NOTCHES: f64 = 100.0;
/// Pixels between two places of a drag, and places of one.
const STRIDE: f64 = 24.0;
const PLACES: f64 = 40.0;
/// What counts as under the pointer, to each side of it.
const NEAR: u32 = 16;
/// Characters of text in one request.
const TEXT: usize = 16 * MAX_TEXT;

/// Events, and the parts of the picture that they act upon.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) events: Vec<Event>,
    pub(crate) targets: Vec<Rect>,
}

/// What to send for these wishes, in a picture of `size`.
pub(crate) fn plan(wishes: &[Wish], size: Size) -> Result<Plan, Problem> {
    let mut planner = Planner { size, plan: Plan::default() };
    for (index, wish) in wishes.iter().enumerate() {
        planner.add(wish).map_err(|wrong| at(index, wishes.len(), &wrong))?;
    }
    Ok(planner.plan)
}

impl Wish {
    /// Whether it says where in the picture.
    pub(crate) const fn names_a_place(&self) -> bool {
        match self {
            Self::Move { .. } | Self::Drag { .. } | Self::Touch { .. } => true,
            Self::Click { x, y, .. } | Self::DoubleClick { x, y, .. } | Self::Scroll { x, y, .. } => {
                x.is_some() || y.is_some()
            }
            Self::Button { .. } | Self::Key { .. } | Self::KeyDown { .. } | Self::KeyUp { .. } | Self::Text { .. } => {
                false
            }
        }
    }
}

fn at(index: usize, count: usize, wrong: &str) -> Problem {
    let place = if count > 1 { format!("events[{index}]: ") } else { String::new() };
    Problem::new(StatusCode::BAD_REQUEST, format!("{place}{wrong}"))
}

struct Planner {
    size: Size,
    plan: Plan,
}

impl Planner {
    fn add(&mut self, wish: &Wish) -> Result<(), String> {
        match wish {
            Wish::Move { x, y } => self.go(*x, *y),
            Wish::Click { x, y, button } => self.click((*x, *y), *button, 1),
            Wish::DoubleClick { x, y, button } => self.click((*x, *y), *button, 2),
            Wish::Drag { x, y, to_x, to_y, button } => self.drag((*x, *y), (*to_x, *to_y), *button),
            Wish::Button { button, down } => {
                self.press(*button, *down);
                Ok(())
            }
            Wish::Scroll { x, y, dx, dy } => self.scroll((*x, *y), *dx, *dy),
            Wish::Key { key } => self.key(key, None),
            Wish::KeyDown { key } => self.key(key, Some(true)),
            Wish::KeyUp { key } => self.key(key, Some(false)),
            Wish::Text { text } => self.text(text),
            Wish::Touch { slot, phase, x, y } => self.touch(*slot, *phase, *x, *y),
        }
    }

    fn push(&mut self, event: Event) {
        self.plan.events.push(event);
    }

    fn go(&mut self, x: f64, y: f64) -> Result<(), String> {
        let (across, down) = self.place(x, y)?;
        self.push(Event::MoveTo { x: across, y: down });
        Ok(())
    }

    /// Where a place is in the picture; the middle of its pixel.
    fn place(&mut self, x: f64, y: f64) -> Result<(Fraction, Fraction), String> {
        let Size { width, height } = self.size;
        let inside = |value: f64, side: u32| (0.0..f64::from(side)).contains(&value);
        if !inside(x, width) || !inside(y, height) {
            return Err(format!("{x},{y} is not in the picture of {width}x{height} pixels"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside of the picture")]
        let (left, top) = ((x as u32).saturating_sub(NEAR), (y as u32).saturating_sub(NEAR));
        self.plan.targets.push(Rect::new(left, top, 2 * NEAR + 1, 2 * NEAR + 1));
        let share = |value: f64, side: u32| Fraction::new((value.floor() + 0.5) / f64::from(side));
        share(x, width).zip(share(y, height)).ok_or_else(|| format!("{x},{y} is no place"))
    }

    fn go_if_given(&mut self, (x, y): (Option<f64>, Option<f64>)) -> Result<(), String> {
        match (x, y) {
            (Some(x), Some(y)) => self.go(x, y),
            (None, None) => Ok(()),
            _ => Err("x and y are given both or not at all".to_owned()),
        }
    }

    fn press(&mut self, button: Button, down: bool) {
        let button = match button {
            Button::Left => PointerButton::LEFT,
            Button::Middle => PointerButton::MIDDLE,
            Button::Right => PointerButton::RIGHT,
            Button::Back => PointerButton::SIDE,
            Button::Forward => PointerButton::EXTRA,
        };
        self.push(Event::Button { button, down });
    }

    fn click(&mut self, place: (Option<f64>, Option<f64>), button: Button, times: usize) -> Result<(), String> {
        self.go_if_given(place)?;
        for _ in 0..times {
            self.press(button, true);
            self.press(button, false);
        }
        Ok(())
    }

    /// With places between: a jump is no drag to many programs.
    fn drag(&mut self, from: (f64, f64), to: (f64, f64), button: Button) -> Result<(), String> {
        self.go(from.0, from.1)?;
        self.press(button, true);
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 40")]
        let steps = (dx.hypot(dy) / STRIDE).ceil().clamp(2.0, PLACES) as u32;
        for step in 1..steps {
            let share = f64::from(step) / f64::from(steps);
            let known = self.plan.targets.len();
            self.go(from.0 + dx * share, from.1 + dy * share)?;
            // What lies on the way is not acted upon.
            self.plan.targets.truncate(known);
        }
        self.go(to.0, to.1)?;
        self.press(button, false);
        Ok(())
    }

    fn scroll(&mut self, place: (Option<f64>, Option<f64>), dx: f64, dy: f64) -> Result<(), String> {
        let range = -NOTCHES..=NOTCHES;
        if !range.contains(&dx) || !range.contains(&dy) || (dx == 0.0 && dy == 0.0) {
            return Err(format!("dx {dx} and dy {dy} are notches of the wheel, from -100 to 100, and not both 0"));
        }
        self.go_if_given(place)?;
        self.push(Event::Scroll(Scroll { dx, dy, kind: ScrollKind::Wheel }));
        Ok(())
    }

    fn key(&mut self, key: &str, down: Option<bool>) -> Result<(), String> {
        let chord = parse_chord(key).map_err(|error| error.to_string())?;
        match down {
            None => self.push(chord.tap()),
            Some(down) if chord.modifiers == lunette_input_events::Modifiers::default() => {
                self.push(Event::Keysym { keysym: chord.keysym, down });
            }
            Some(_) => return Err(format!("{key:?}: one key at a time goes down or up")),
        }
        Ok(())
    }

    /// In pieces that sinks take.
    fn text(&mut self, text: &str) -> Result<(), String> {
        let mut rest: Vec<char> = text.chars().collect();
        if rest.is_empty() || rest.len() > TEXT {
            return Err(format!("a text of {} characters: 1 to {TEXT} can be typed at once", rest.len()));
        }
        if let Some(char) = rest.iter().find(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
            return Err(format!("{char:?} cannot be typed: press keys as keys"));
        }
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(MAX_TEXT));
            self.push(Event::Text(rest.into_iter().collect()));
            rest = later;
        }
        Ok(())
    }

    fn touch(&mut self, slot: u32, phase: Phase, x: f64, y: f64) -> Result<(), String> {
        if slot >= FINGERS {
            return Err(format!("slot {slot}: there are {FINGERS} fingers, from 0"));
        }
        let (x, y) = self.place(x, y)?;
        let phase = match phase {
            Phase::Down => TouchPhase::Down,
            Phase::Move => TouchPhase::Move,
            Phase::Up => TouchPhase::Up,
            Phase::Cancel => TouchPhase::Cancel,
        };
        self.push(Event::Touch { slot, phase, x, y });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lunette_input_events::{Keysym, Modifiers};

    use super::*;

    const SIZE: Size = Size::new(100, 50);

    fn planned(json: &str) -> Result<Plan, String> {
        let wishes: Vec<Wish> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        plan(&wishes, SIZE).map_err(|problem| problem.text())
    }

    fn events(json: &str) -> Vec<Event> {
        planned(json).expect("a plan").events
    }

    fn to(x: f64, y: f64) -> Event {
        Event::MoveTo { x: Fraction::new(x).expect("a number"), y: Fraction::new(y).expect("a number") }
    }

    fn button(button: PointerButton, down: bool) -> Event {
        Event::Button { button, down }
    }

    #[test]
    fn a_click_is_a_move_and_a_press_in_the_middle_of_a_pixel() {
        let left = PointerButton::LEFT;
        let expected = [to(0.105, 0.41), button(left, true), button(left, false)];
        assert_eq!(events(r#"[{"type":"click","x":10,"y":20}]"#), expected);
        let right = PointerButton::RIGHT;
        let expected = [button(right, true), button(right, false)];
        assert_eq!(events(r#"[{"type":"click","button":"right"}]"#), expected);
        assert_eq!(events(r#"[{"type":"double_click","x":10,"y":20}]"#).len(), 5);
    }

    #[test]
    fn a_drag_moves_on_its_way() {
        let events = events(r#"[{"type":"drag","x":0,"y":0,"to_x":99,"to_y":49}]"#);
        let moves = events.iter().filter(|event| matches!(event, Event::MoveTo { .. })).count();
        assert!(moves >= 4, "{events:?}");
        assert_eq!(events[..2], [to(0.005, 0.01), button(PointerButton::LEFT, true)]);
        assert_eq!(events[events.len() - 2..], [to(0.995, 0.99), button(PointerButton::LEFT, false)]);
    }

    #[test]
    fn the_parts_acted_upon_are_those_around_the_places() {
        let plan = planned(r#"[{"type":"drag","x":0,"y":0,"to_x":99,"to_y":49},{"type":"key","key":"a"}]"#);
        assert_eq!(plan.expect("a plan").targets, [Rect::new(0, 0, 33, 33), Rect::new(83, 33, 33, 33)]);
    }

    #[test]
    fn keys_are_chords_and_go_down_one_by_one() {
        let ctrl = Modifiers { ctrl: true, ..Modifiers::default() };
        let expected = [Event::Tap { keysym: Keysym(0x73), modifiers: ctrl }];
        assert_eq!(events(r#"[{"type":"key","key":"ctrl+s"}]"#), expected);
        let expected = [Event::Keysym { keysym: Keysym(0xffe1), down: true }];
        assert_eq!(events(r#"[{"type":"key_down","key":"Shift"}]"#), expected);
        assert!(planned(r#"[{"type":"key_down","key":"ctrl+s"}]"#).is_err());
    }

    #[test]
    fn long_text_comes_in_pieces_and_control_characters_not_at_all() {
        let long = "ü".repeat(MAX_TEXT + 1);
        let events = events(&format!(r#"[{{"type":"text","text":"{long}"}}]"#));
        assert_eq!(events, [Event::Text("ü".repeat(MAX_TEXT)), Event::Text("ü".to_owned())]);
        assert!(planned(r#"[{"type":"text","text":"a\u001b[0m"}]"#).is_err());
        assert!(planned(r#"[{"type":"text","text":""}]"#).is_err());
    }

    #[test]
    fn what_makes_no_sense_says_which_and_why() {
        for (json, word) in [
            (r#"[{"type":"move","x":100,"y":0}]"#, "100x50"),
            (r#"[{"type":"move","x":-1,"y":0}]"#, "not in the picture"),
            (r#"[{"type":"click","x":1}]"#, "both"),
            (r#"[{"type":"scroll"}]"#, "notches"),
            (r#"[{"type":"scroll","dy":1e9}]"#, "notches"),
            (r#"[{"type":"touch","slot":10,"phase":"down","x":1,"y":1}]"#, "fingers"),
            (r#"[{"type":"key","key":"hello"}]"#, "hello"),
            (r#"[{"type":"fly"}]"#, "fly"),
            (r#"[{"type":"move","x":1,"y":1,"z":1}]"#, "z"),
            (r#"[{"type":"move","x":1,"y":1},{"type":"move","x":1,"y":50}]"#, "events[1]"),
        ] {
            let error = planned(json).expect_err(json);
            assert!(error.contains(word), "{json}: {error}");
        }
    }
}
