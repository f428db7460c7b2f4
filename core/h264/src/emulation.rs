//! Emulation prevention: the bytes of 03 that keep start codes out of NAL units (clauses 7.3.1 and 7.4.1).

use std::borrow::Cow;

use crate::annexb::find_zero_pair;

/// The payload with every emulation prevention byte removed; borrowed when there is none.
#[must_use]
pub fn unescape(payload: &[u8]) -> Cow<'_, [u8]> {
    if !payload.windows(3).any(|bytes| bytes == [0, 0, 3]) {
        return Cow::Borrowed(payload);
    }
    let mut rbsp = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        rbsp.push(byte);
    }
    Cow::Owned(rbsp)
}

/// Appends `rbsp` to `out` with emulation prevention bytes.
///
/// `out` should end with a byte other than 0, as a NAL unit's header byte is.
pub fn escape(rbsp: &[u8], out: &mut Vec<u8>) {
    out.reserve(rbsp.len() + rbsp.len() / 64 + 1);
    let mut from = 0;
    // Pairs of zeros are rare: what lies between them is copied as a whole.
    while let Some(pair) = find_zero_pair(rbsp, from) {
        let end = pair + 2;
        out.extend_from_slice(&rbsp[from..end]);
        if rbsp.get(end).is_some_and(|byte| *byte <= 3) {
            out.push(3);
        }
        from = end;
    }
    out.extend_from_slice(&rbsp[from..]);
    // A NAL unit must not end in 00: the next start code's zeros could not be told from its own (7.4.1).
    if rbsp.last() == Some(&0) {
        out.push(3);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn start_codes_are_broken_up() {
        let mut out = Vec::new();
        escape(&[0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 4], &mut out);
        assert_eq!(out, [0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 0, 3, 0, 0, 4]);
    }

    #[test]
    fn cabac_zero_words_end_in_three() {
        let mut out = Vec::new();
        escape(&[0x80, 0, 0, 0, 0], &mut out);
        assert_eq!(out, [0x80, 0, 0, 3, 0, 0, 3]);
        assert_eq!(*unescape(&out), [0x80, 0, 0, 0, 0]);
    }

    #[test]
    fn a_payload_without_them_is_borrowed() {
        assert!(matches!(unescape(&[0, 0, 1, 3]), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn removal_undoes_insertion(mut rbsp in prop::collection::vec(0..5u8, 0..200), zero_words in 0..3usize) {
            rbsp.push(0x80);
            rbsp.resize(rbsp.len() + 2 * zero_words, 0);
            let mut escaped = vec![0x65];
            escape(&rbsp, &mut escaped);
            prop_assert!(!escaped.windows(3).any(|bytes| bytes[..2] == [0, 0] && bytes[2] < 3));
            prop_assert_ne!(escaped.last(), Some(&0));
            prop_assert_eq!(&*unescape(&escaped[1..]), &rbsp[..]);
        }
    }
}
