//! What a person types.
//!
//! ```text
//!   lunette bench ──┬─ pipeline   source ─▶ diff ─▶ convert ─▶ encode, in one thread, painting not counted
//!                   ├─ encode     an encoder alone, on pictures that are ready
//!                   ├─ fanout     one stream of frame-export to many subscribers
//!                   └─ record     the pictures themselves, for other programs to be measured with
//!   lunette up ─────── everything: a machine, its desktops, the control plane; down: the end of it
//!   lunette demo ───── a machine whose outputs can be watched at once
//!   lunette image ──── build, list, remove, path: the guests' kernels and disks, the roots of desktops
//!   lunette vm ─────── run: a machine in the foreground; shell: a command inside of it
//! ```

#![forbid(unsafe_code)]

mod api;
mod bench;
mod bridges;
mod browser;
pub mod cli;
mod config;
mod demo;
mod desktops;
mod doctor;
mod documents;
mod image;
mod interrupts;
pub mod lab;
mod up;
mod vm;
