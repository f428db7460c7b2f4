//! What people and agents do with a desktop: their keys, pointers and fingers, and who of them may.
//!
//! ```text
//!   stream message, HTTP request, MCP call ──▶ Event ──▶ Control (is it theirs?) ──▶ Held (what is down) ──▶ a sink
//!   Event ──▶ Typist ──▶ Step: which keys go down and up, under which keymap      for a sink that has nothing but keys
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
mod layout;
mod legacy;
mod names;
mod participant;
mod typist;
mod us;

pub use answer::{Cause, ControlEvent, Standing, Verdict, View};
pub use chord::{Chord, ChordError, parse_chord};
pub use control::{Control, Patience};
pub use event::{Event, Fraction, KeyCode, Keysym, MAX_TEXT, Modifiers, PointerButton, Scroll, ScrollKind, TouchPhase};
pub use held::{Combined, Dropped, Held};
pub use participant::{Kind, Participant, ParticipantId, Permission, Refusal};
pub use typist::{Step, Typist, Untypable};
