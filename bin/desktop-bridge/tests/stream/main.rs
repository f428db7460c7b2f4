//! The stream protocol as docs/protocol-stream.md has it, against the real program over real sockets.

mod access;
mod ending;
mod figures;
mod hub;
mod init;
mod input;
mod joining;
mod pointer;
mod presence;
mod slow;
mod support;
mod video;
