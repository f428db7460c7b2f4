//! What people and agents do with a desktop: their keys, pointers and fingers, and who of them may.
//!
//! ```text
//!   stream message, HTTP request, MCP call ──▶ Event ──▶ Control (is it theirs?) ──▶ Held (what is down) ──▶ a sink
//! ```
//! Pure: no clock, no socket. Times are handed in.

#![forbid(unsafe_code)]

mod answer;
mod chord;
mod control;
mod event;
mod held;
mod keymap;
mod keys;
mod legacy;
mod names;
mod participant;
mod text;

pub use answer::{Cause, ControlEvent, Standing, Verdict, View};
pub use chord::{Chord, ChordError, parse_chord};
pub use control::{Control, Patience};
pub use event::{Event, Fraction, KeyCode, Keysym, Modifiers, PointerButton, Scroll, ScrollKind, TouchPhase};
pub use held::{Combined, Dropped, Held};
pub use keymap::{KeymapBuilder, us_keymap};
pub use keys::us_layout;
pub use participant::{Kind, Participant, ParticipantId, Permission, Refusal};
pub use text::{MAX_TEXT, TextError, Typing, press_chord, press_text, type_text};
