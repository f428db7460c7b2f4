//! What every HTTP server of ours does alike: the limits of a connection, what is looked at in the head of a request, whom
//! it makes wait, what an answer says about it, and bytes that pass when both ends speak something else.

#![forbid(unsafe_code)]

mod connection;
mod doorway;
mod head;
mod pump;
mod refused;
mod throttle;
mod time;
mod user;

pub use connection::{pause_after, serve};
pub use doorway::{Doorway, Guest};
pub use head::{connection_words, effect, field, heads, is_websocket};
pub use pump::{Life, TAKEN, TO_BRIDGE, TO_CLIENT, pump};
pub use refused::explain;
pub use throttle::Throttle;
pub use time::{rfc3339, rfc3339_of};
pub use user::{USER, tell_user, told_user};
