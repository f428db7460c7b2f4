//! Steps of a start: one that fails is named, with its causes.

use std::error::Error;

use lunette_cause::chain;
use lunette_desktop::Reason;

/// Turns what a step came to into a reason that people can read.
pub(crate) trait Step<T> {
    /// `step` completes "cannot …".
    fn step(self, step: &str) -> Result<T, Reason>;
}

impl<T, E: Error> Step<T> for Result<T, E> {
    fn step(self, step: &str) -> Result<T, Reason> {
        self.map_err(|error| Reason::StartFailed { step: step.to_owned(), cause: chain(&error) })
    }
}

/// Runs what may block on a thread of its own.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        // A panic goes on here; the runtime cancels none of these.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
