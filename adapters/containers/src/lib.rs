//! Desktops in containers, by runc or by a Docker daemon.
//!
//! ```text
//!   Container::prepare ─▶ create ─▶ start ─▶ wait ─▶ remove        what a launcher does
//!       root, config      namespaces   │      how it      │
//!                         and network  │      ended       │ the same as
//!                                      ▼                  ▼
//!   Desktop::find ──────────────▶ exec, stats          sweep       what hydra does, from outside
//! ```
//!
//! A note in the desktop's folder, written before anything else is made, says what there can be to take away. So
//! whoever finds the folder of a dead launcher can sweep it, any number of times. `docs/isolation.md` lists what a
//! desktop can reach.
//!
//! Linux only: elsewhere the crate is empty.

#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod cgroup;
mod container;
mod desktop;
mod docker;
mod error;
mod log;
mod network;
mod note;
mod oci;
mod plan;
mod root;
mod runc;
mod running;
mod seccomp;
mod sweep;
mod tool;

pub use cgroup::Stats;
pub use container::{Container, Exit};
pub use desktop::Desktop;
pub use docker::default_socket as default_docker_socket;
pub use error::Error;
pub use log::LogFile;
pub use plan::{Backend, ContainerPlan, Mount, NetworkPlan, Node, Owner};
pub use running::{Exec, Input, Output, Running, User};
pub use seccomp::Profile as SeccompProfile;
pub use sweep::{Swept, sweep};
