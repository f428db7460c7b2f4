//! What happened, counted; read at `/metrics`.

mod exposition;
mod histogram;
mod scanout;
mod server;

pub use exposition::Exposition;
pub use histogram::Histogram;
pub use scanout::ScanoutMetrics;
pub use server::ServerMetrics;
