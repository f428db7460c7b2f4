//! How long everything takes at most.

use std::time::Duration;

/// Between two pings, either way; a balancer that cuts idle connections after 20 s cuts none of ours.
pub const PING: Duration = Duration::from_secs(10);
/// A control channel over which nothing came for so long, pongs included, is lost.
pub const SILENCE: Duration = Duration::from_secs(25);
/// Who was asked for a sign of life and gives none is gone.
pub const PROOF: Duration = Duration::from_secs(5);
/// Between two keep-alive lines of the server. Existing runners give up after 60 s without a line.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A runner that sees no line for so long connects again, even if pings are answered.
pub const LINE: Duration = Duration::from_secs(60);
/// For the data channel to come after it was asked for.
pub const PICKUP: Duration = Duration::from_secs(20);
/// How long dials wait for a runner that was there.
pub const GRACE: Duration = Duration::from_secs(30);
/// For a control channel to come about: name, TCP, TLS, upgrade.
pub const CONNECT: Duration = Duration::from_secs(30);
/// The first pause before a runner connects again; a quarter of it and more.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A connection that lasted so long makes the next pause a first one.
pub const STABLE: Duration = Duration::from_secs(60);
/// The pause of a runner whose place another has taken.
pub const SUPERSEDED_PAUSE: Duration = Duration::from_secs(60);
/// For a message to be taken by the network.
pub const STALL: Duration = Duration::from_secs(30);
/// For the answer to a close frame, and for the last bytes of a connection that ends.
pub const LINGER: Duration = Duration::from_secs(5);
