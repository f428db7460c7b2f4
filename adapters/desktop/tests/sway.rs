//! Input, clipboard and windows of a real sway without a screen.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "sway/fixture.rs"]
mod fixture;
#[path = "sway/typing.rs"]
mod typing;
