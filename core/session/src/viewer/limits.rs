//! How long and how much.

use std::time::Duration;

/// Bounds of a viewer's connection.
#[derive(Debug, Clone, Copy)]
pub struct ViewerLimits {
    /// For the init message.
    pub init: Duration,
    /// Without a sign of life.
    pub silence: Duration,
    /// Without a message of the client itself, which pings all the time: then what it holds down comes up.
    pub hands: Duration,
    /// Between two pings.
    pub ping: Duration,
    /// How old what waits may become before newer pictures take its place.
    pub behind: Duration,
    /// Between two answers to input that is refused.
    pub refusal: Duration,
    /// Bytes of a message.
    pub message: usize,
    /// For the desktop's pointer to be known, before the usual one is shown.
    pub pointer: Duration,
}

impl Default for ViewerLimits {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(30),
            silence: Duration::from_secs(30),
            hands: Duration::from_secs(10),
            ping: Duration::from_secs(5),
            behind: Duration::from_millis(150),
            refusal: Duration::from_millis(500),
            message: 64 << 10,
            pointer: Duration::from_secs(5),
        }
    }
}
