//! What differs between two moments, as a patch.

use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use crate::changes::{Changes, Counted};
use crate::error::WorktreeError;
use crate::git::Call;

/// Bytes of the list of files.
const LIST: usize = 8 << 20;

/// Options that make a patch the same whatever anybody has configured.
const OPTIONS: [&str; 10] = [
    "--no-color",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--find-renames",
    "--diff-algorithm=histogram",
    "--ignore-submodules=dirty",
    "--submodule=short",
    "--unified=3",
];

/// Whether white space counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whitespace {
    /// It does.
    Counts,
    /// Lines that differ in it only are the same.
    Ignored,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// As git prints it, or the beginning of that.
    pub text: String,
    /// SHA-256 of all that git prints, in hexadecimal digits.
    pub hash: String,
    /// Whether only the beginning is there.
    pub truncated: bool,
    /// The files.
    pub changes: Changes,
}

impl Patch {
    /// Bytes of its text.
    pub const MOST: usize = 512 << 10;

    /// What `git diff` finds between `ends`, names of commits or trees; between one and the work tree when it is one.
    pub(crate) fn between<'a>(
        call: impl Fn() -> Call<'a>,
        ends: &[&str],
        whitespace: Whitespace,
    ) -> Result<Self, WorktreeError> {
        let call = || {
            let call = call().args(OPTIONS).args(["--src-prefix=a/", "--dst-prefix=b/"]);
            if whitespace == Whitespace::Ignored { call.arg("--ignore-all-space") } else { call }
        };
        let ended = |call: Call<'a>| ends.iter().fold(call, |call, end| call.arg(end)).arg("--");
        let list = ended(call().args(["--raw", "--numstat", "-z"])).cap(LIST).answer()?;
        let list = if list.cut { list } else { list.good()? };
        let counted = if whitespace == Whitespace::Ignored { Counted::WithLines } else { Counted::All };
        let (mut kept, mut hash, mut length) = (Vec::new(), Sha256::new(), 0);
        ended(call().arg("--patch")).each(&mut |bytes| {
            hash.update(bytes);
            length += bytes.len();
            let room = Self::MOST - kept.len();
            kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            ControlFlow::Continue(())
        })?;
        let truncated = length > kept.len() || list.cut;
        let text = text(kept, length > Self::MOST);
        Ok(Self { text, hash: hex(&hash.finalize()), truncated, changes: Changes::parse(&list.out, counted) })
    }
}

/// A patch that is cut ends with a whole line.
fn text(mut bytes: Vec<u8>, cut: bool) -> String {
    if cut {
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes.truncate(end);
    }
    // Lines of files in other encodings have marks in place of what is no UTF-8.
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
