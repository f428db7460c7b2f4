//! From page flips in a guest to H.264 on the host, on a real QEMU.

mod deaths;
mod element;
mod flips;
mod hostile;
mod outputs;
mod restarts;
mod screens;
mod stalled;
mod support;
