//! The whole manager over real sockets, with a fake card and a fake host.

mod card;
mod fixture;
mod host;
mod leases;
mod peers;
mod plugging;
mod restarts;
mod store;
