//! The interfaces for programs, over real sockets, with a desktop that the tests draw.

mod exec;
mod files;
mod input;
mod look;
mod mcp;
mod support;
mod worktrees;
