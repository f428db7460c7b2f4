//! Errors for people.

use std::io;

/// What the system said, short enough for a reply.
pub(crate) fn short(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        kind => kind.to_string(),
    }
}
