//! What the tasks of one desktop's viewers share.

use std::sync::Arc;

use lunette_session::ViewerLimits;
use lunette_wire::stream::VideoMode;
use tokio::sync::watch;

use crate::{LatenessMeter, Lounge, Video};

/// One desktop, as its viewers' tasks see it.
#[derive(Clone)]
pub struct Desk {
    /// Everybody who is here.
    pub lounge: Arc<Lounge>,
    /// The pictures.
    pub video: Arc<dyn Video>,
    /// How the pictures are captured; viewers who want another way are told that there is none.
    pub mode: Option<VideoMode>,
    /// The way that viewers want who do not say it in their first message.
    pub asked_mode: Option<VideoMode>,
    /// Whether the clipboard can be shared.
    pub clipboard: bool,
    /// How late timers are.
    pub lateness: Arc<LatenessMeter>,
    /// Whether the server is about to end.
    pub closing: Closing,
    /// Bounds of each connection.
    pub limits: ViewerLimits,
}

/// Becomes true when the server is about to end.
pub type Closing = watch::Receiver<bool>;
