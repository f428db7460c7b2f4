//! What a person does with desktops of a control plane: `status`, `open`, `create`, `stop`, `stream`, …

mod at;
mod change;
mod look;
mod status;
mod stream;

pub(crate) use at::At;
pub(crate) use change::{Create, Exec, Stop};
pub(crate) use look::{Logs, Open, Screenshot};
pub(crate) use status::Status;
pub(crate) use stream::{Socket, Stream, connect, first_picture};
