//! Unix sockets: who is at the other end, being somebody else there, and descriptors that go with bytes. And what a
//! process was given when it started: descriptors by number, rights that it does not need for long.

#![deny(unsafe_code)]

mod connect;
#[allow(unsafe_code, reason = "a socket option whose safe wrapper cannot hold every answer")]
mod credentials;
mod fds;
#[allow(unsafe_code, reason = "a number becomes a descriptor")]
mod inherited;
mod privileges;

pub use connect::{ConnectError, connect_as};
pub use credentials::{Credentials, peer_credentials};
pub use fds::{Received, recv_with_fds, send_with_fds};
pub use inherited::inherited;
pub use privileges::give_up_privileges;
