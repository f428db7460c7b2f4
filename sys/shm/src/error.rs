//! Why shared memory cannot be read.

use rustix::io::Errno;

/// Why shared memory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ShmError {
    /// The system cannot say how long the file is.
    #[error("cannot look at the shared file")]
    Look(#[source] Errno),
    /// The file ends before the range that was announced.
    #[error("{len} bytes from byte {offset} were announced, the shared file has {file}")]
    Short {
        /// Where the range starts.
        offset: u64,
        /// Its length.
        len: usize,
        /// The file's length.
        file: u64,
    },
    /// The range is empty, or ends beyond what can be addressed.
    #[error("a range of {len} bytes from byte {offset} is not possible")]
    Range {
        /// Where the range starts.
        offset: u64,
        /// Its length.
        len: usize,
    },
    /// The system refuses to read the file.
    #[error("cannot read the shared file")]
    Read(#[source] Errno),
    /// The file has shrunk since it was announced.
    #[error("the shared file has shrunk: nothing is left at byte {0}")]
    Shrunk(u64),
    /// The rows reach beyond the range, or do not fit where they are to go.
    #[error("{0} do not fit")]
    Rows(crate::Rows),
}
