//! One desktop, for browsers and programs: its picture, its input, its clipboard, files and windows.
//!
//! ```text
//!   Source ──▶ Video ──┬──▶ /ws/stream: a viewer each ──▶ Lounge: whose input? ──▶ thread "sink" ──▶ compositor
//!                      └──▶ Snapshots: screenshots, waiting, MCP ──────┘ (agents take part like people)
//!   every request: Doors (Host, Origin) ──▶ token ──▶ scope ──▶ handler
//! ```
//! Ports are open before anything else is, so that /status can say what the rest waits for.

#![forbid(unsafe_code)]

pub mod access;
pub mod agent;
pub mod app;
pub mod bridge;
pub mod cli;
pub mod exec;
pub mod files;
mod host;
pub mod http;
pub mod listen;
mod looking;
pub mod mcp;
pub mod problem;
pub mod programs;
pub mod sink;
pub mod source;
pub mod worktrees;

/// Version and commit of this program, as it reports them everywhere.
pub use frame_export::BUILD_ID;
