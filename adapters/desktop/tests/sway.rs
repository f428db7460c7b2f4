//! Input, clipboard and windows of a real sway without a screen.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

#[path = "sway/clipboard.rs"]
mod clipboard;
#[path = "sway/fixture.rs"]
mod fixture;
#[path = "sway/pointing.rs"]
mod pointing;
#[path = "sway/typing.rs"]
mod typing;
#[path = "sway/windows.rs"]
mod windows;
