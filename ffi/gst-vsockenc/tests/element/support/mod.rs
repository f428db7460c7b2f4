//! What the tests share: hosts, pictures with numbers in them, and a decoder.

mod encoder;
mod fake;
mod host;
mod picture;
mod relay;

pub(crate) use encoder::{Encoder, decoded, is_key};
pub(crate) use fake::{FakeHost, Habit};
pub(crate) use host::Host;
pub(crate) use picture::{Painter, of_descriptor};
pub(crate) use relay::Relay;

/// How long anything may take.
pub(crate) const SOON: std::time::Duration = std::time::Duration::from_secs(20);

/// Waits until `done`.
#[track_caller]
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + SOON;
    while !done() {
        assert!(std::time::Instant::now() < deadline, "{what}: not within {SOON:?}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
