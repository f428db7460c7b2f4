//! Lines of a socket, never longer than they may be.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::LONGEST_LINE;

/// Cuts what arrives into lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    buffer: BytesMut,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line without its end.
    Whole(BytesMut),
    /// One that is longer than it may be; what follows cannot be told apart from it.
    TooLong,
    /// No more lines. One that was not ended is none.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: BytesMut::with_capacity(2 * LONGEST_LINE) }
    }

    /// Waits for a line. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> io::Result<Line> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(end + 1);
                line.truncate(end);
                return Ok(if end > LONGEST_LINE { Line::TooLong } else { Line::Whole(line) });
            }
            if self.buffer.len() > LONGEST_LINE {
                return Ok(Line::TooLong);
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(Line::End);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        loop {
            found.push(lines.next().await.unwrap());
            if found.last().is_some_and(|line| !matches!(line, Line::Whole(_))) {
                return found;
            }
        }
    }

    fn whole(text: &str) -> Line {
        Line::Whole(BytesMut::from(text))
    }

    #[tokio::test]
    async fn lines_are_cut_at_their_ends() {
        assert_eq!(all(b"one\n\ntwo\nrest").await, [whole("one"), whole(""), whole("two"), Line::End]);
        assert_eq!(all(b"").await, [Line::End]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_given_up() {
        let longest = "a".repeat(LONGEST_LINE);
        assert_eq!(all(format!("{longest}\nb").as_bytes()).await, [whole(&longest), Line::End]);
        assert_eq!(all(format!("b\n{longest}a").as_bytes()).await, [whole("b"), Line::TooLong]);
        assert_eq!(all(format!("{longest}a\n").as_bytes()).await, [Line::TooLong]);
    }
}
