//! What happened, counted; read at `/metrics`.

mod exposition;
mod histogram;
pub(crate) mod machine;
mod refusals;
mod scanout;
mod server;

pub use exposition::Exposition;
pub use histogram::Histogram;
pub use refusals::{Refusal, RefusalMetrics};
pub use scanout::{ScanoutMetrics, StreamStanding};
pub use server::ServerMetrics;
