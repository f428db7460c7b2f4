//! Text in fixed fields, padded with NUL.

use bytes::BufMut;

/// Appends `text` as a field of `width` bytes, of which at most `most` hold text.
///
/// Text that does not fit ends at the last whole character, and at its first NUL, since readers stop there.
pub(crate) fn put(out: &mut impl BufMut, text: &str, width: usize, most: usize) {
    let kept = fitting(text, most.min(width));
    out.put_slice(kept.as_bytes());
    out.put_bytes(0, width - kept.len());
}

/// The text in front of the first NUL; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn get(field: &[u8]) -> String {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// The start of `text`: at most `most` bytes of whole characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn fitting(text: &str, most: usize) -> &str {
    cut(text.split('\0').next().unwrap_or_default(), most)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn field(text: &str, width: usize, most: usize) -> BytesMut {
        let mut out = BytesMut::new();
        put(&mut out, text, width, most);
        out
    }

    #[test]
    fn short_text_is_padded() {
        assert_eq!(field("ab", 5, 5), &b"ab\0\0\0"[..]);
        assert_eq!(get(b"ab\0cd"), "ab");
    }

    #[test]
    fn long_text_ends_at_a_whole_character() {
        assert_eq!(field("aéz", 3, 3), "aé".as_bytes());
        assert_eq!(field("aaé", 3, 3), &b"aa\0"[..]);
        assert_eq!(field("abc", 3, 2), &b"ab\0"[..]);
    }

    #[test]
    fn text_ends_at_its_first_nul() {
        assert_eq!(field("a\0b", 3, 3), &b"a\0\0"[..]);
    }

    #[test]
    fn a_full_field_needs_no_nul() {
        assert_eq!(get(b"abc"), "abc");
        assert_eq!(get(b"a\xffc"), "a\u{fffd}c");
        assert_eq!(get(b""), "");
    }
}
