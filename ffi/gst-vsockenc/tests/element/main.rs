//! The element against a real frame-export, and against hosts that misbehave.

mod caps;
mod connection;
mod device;
mod flow;
mod pictures;
mod rules;
mod support;
mod travel;
