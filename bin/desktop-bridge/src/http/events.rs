//! Input events as JSON.

use lunette_input_events::{Event, ScrollKind, TouchPhase};
use serde_json::{Value, json};

/// One event as an object with a `type`.
#[must_use]
pub fn to_json(event: &Event) -> Value {
    match event {
        Event::Key { code, down } => json!({ "type": "key", "code": code.0, "down": down }),
        Event::Keysym { keysym, down } => json!({ "type": "keysym", "keysym": keysym.0, "down": down }),
        Event::Tap { keysym, modifiers } => json!({
            "type": "tap", "keysym": keysym.0,
            "shift": modifiers.shift, "ctrl": modifiers.ctrl, "alt": modifiers.alt, "meta": modifiers.meta,
        }),
        Event::Text(text) => json!({ "type": "text", "text": text }),
        Event::MoveTo { x, y } => json!({ "type": "move_to", "x": x.get(), "y": y.get() }),
        Event::MoveBy { dx, dy } => json!({ "type": "move_by", "dx": dx, "dy": dy }),
        Event::Button { button, down } => json!({ "type": "button", "button": button.0, "down": down }),
        Event::Scroll(scroll) => json!({
            "type": "scroll", "dx": scroll.dx, "dy": scroll.dy,
            "kind": match scroll.kind { ScrollKind::Wheel => "wheel", ScrollKind::Finger => "finger" },
        }),
        Event::Touch { slot, phase, x, y } => json!({
            "type": "touch", "slot": slot, "x": x.get(), "y": y.get(),
            "phase": match phase {
                TouchPhase::Down => "down",
                TouchPhase::Move => "move",
                TouchPhase::Up => "up",
                TouchPhase::Cancel => "cancel",
            },
        }),
    }
}
