//! Capturing from a QEMU that does exactly what a test says.

mod answering;
mod fake;
mod fixture;
mod pictures;
mod supervision;
mod switching;
