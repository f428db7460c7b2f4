//! How regularly flips came, in memory that does not grow.

mod histogram;
mod tally;

pub use histogram::{Histogram, Times};
pub use tally::FlipTally;
