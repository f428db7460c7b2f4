//! The element against a real frame-export.
