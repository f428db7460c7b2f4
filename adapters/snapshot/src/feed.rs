//! Where access units come from.

use std::pin::Pin;

use lunette_frame::AccessUnit;

/// The next access unit, with the number of the picture that it shows; the reason when the stream ended.
pub type Next<'a> = Pin<Box<dyn Future<Output = Result<(u64, AccessUnit), String>> + Send + 'a>>;

/// One subscription to a stream.
///
/// It starts at an IDR. It may start with pictures that were published earlier, as far as they are ready at once.
/// Numbers are those of the stream: two subscriptions agree on them, and apart from such a start they do not go back.
/// A subscriber that was too slow may be taken to a later IDR.
pub trait Feed: Send {
    /// Waits for the next access unit. A future that is dropped before it is ready loses nothing.
    fn next(&mut self) -> Next<'_>;
}
