//! From what is meant to which keys go down and up.
//!
//! ```text
//!   Event ──▶ Typist (what is held, Shift, Caps Lock) ──▶ Step: key, key, keymap, key, … ──▶ a sink
//!                 └── Layout: where is this keysym?  Us: the American keys   Spare: those, and any others on free keys
//! ```

mod keymap;
mod layout;
mod typist;
mod us;

pub(crate) use layout::{Layout, Spare, Us};
pub(crate) use typist::{Typist, Untypable};
pub(crate) use us::{
    CAPS_LOCK, LEFT_ALT, LEFT_CTRL, LEFT_META, LEFT_SHIFT, NUM_LOCK, RIGHT_ALT, RIGHT_CTRL, RIGHT_META, RIGHT_SHIFT,
    is_modifier, keysym,
};

/// What a keyboard does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key goes down or up.
    Key { code: u16, down: bool },
    /// From here on keys mean this.
    Keymap(String),
}
