//! A subscriber that reads on a thread of its own, so that a test can do something else meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use lunette_wire::hxfr::Message;

use super::{Client, Frame};

/// Keeps every picture that arrives until it is stopped.
pub(crate) struct Reader {
    flags: Arc<Flags>,
    thread: JoinHandle<Vec<Frame>>,
}

#[derive(Default)]
struct Flags {
    over: AtomicBool,
    wants_idr: AtomicBool,
}

impl Reader {
    /// Begins with the pictures that were taken from the client already.
    pub(crate) fn start(mut client: Client, mut frames: Vec<Frame>) -> Self {
        let flags = Arc::<Flags>::default();
        let told = Arc::clone(&flags);
        let thread = std::thread::spawn(move || {
            while !told.over.load(Ordering::Acquire) {
                frames.push(client.frame());
                if told.wants_idr.swap(false, Ordering::AcqRel) {
                    client.send(&Message::KeyframeRequest);
                }
            }
            frames
        });
        Self { flags, thread }
    }

    /// Sends KEYFRAME_REQ after the next picture.
    pub(crate) fn ask_for_idr(&self) {
        self.flags.wants_idr.store(true, Ordering::Release);
    }

    /// Leaves; what arrived, in order.
    #[track_caller]
    pub(crate) fn stop(self) -> Vec<Frame> {
        self.flags.over.store(true, Ordering::Release);
        self.thread.join().expect("it received to the end")
    }
}
