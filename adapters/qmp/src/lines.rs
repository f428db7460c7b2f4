//! Bytes to lines, within a cap.

/// The longest line that is kept; `query-qmp-schema` answers with some 200 kB.
pub(crate) const LINE_CAP: usize = 2 << 20;

/// The peer sent a line that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineTooLong;

/// Bytes received and not yet handed out as lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    held: Vec<u8>,
    /// Everything before it has been searched for a line's end.
    searched: usize,
}

impl Lines {
    /// Takes what was read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next whole line, without its end.
    pub(crate) fn next_line(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        let found = self.held[self.searched..].iter().position(|&byte| byte == b'\n');
        let Some(at) = found.map(|at| self.searched + at) else {
            self.searched = self.held.len();
            return if self.held.len() > LINE_CAP { Err(LineTooLong) } else { Ok(None) };
        };
        if at > LINE_CAP {
            return Err(LineTooLong);
        }
        let rest = self.held.split_off(at + 1);
        let mut line = std::mem::replace(&mut self.held, rest);
        self.searched = 0;
        line.truncate(line.trim_ascii_end().len());
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(lines: &mut Lines) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| lines.next_line().unwrap()).collect()
    }

    #[test]
    fn a_line_ends_with_or_without_a_carriage_return() {
        let mut lines = Lines::default();
        lines.push(b"one\r\ntwo\nthr");
        assert_eq!(drain(&mut lines), [b"one".to_vec(), b"two".to_vec()]);
        lines.push(b"ee\n");
        assert_eq!(drain(&mut lines), [b"three".to_vec()]);
    }

    #[test]
    fn a_line_without_an_end_is_refused_at_the_cap() {
        let mut lines = Lines::default();
        lines.push(&vec![b' '; LINE_CAP]);
        assert_eq!(lines.next_line(), Ok(None));
        lines.push(b"x");
        assert_eq!(lines.next_line(), Err(LineTooLong));
    }

    proptest! {
        #[test]
        fn chunks_do_not_change_the_lines(chunks in prop::collection::vec("[a\n]{0,5}", 0..20)) {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for chunk in &chunks {
                lines.push(chunk.as_bytes());
                found.append(&mut drain(&mut lines));
            }
            let whole = chunks.concat();
            let mut expected: Vec<_> = whole.split('\n').map(|line| line.as_bytes().to_vec()).collect();
            expected.pop();
            prop_assert_eq!(found, expected);
        }
    }
}
