//! One header field of a request, as it is and not as it ought to be.

/// A field that may be there once. What is there in any other way is never taken for absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// The request does not have it.
    Absent,
    /// The request has it once.
    Once(&'a str),
    /// It is there several times, too long, or something else than visible ASCII and spaces.
    Broken,
}

impl<'a> Field<'a> {
    /// The longest value, in bytes.
    pub const MAX: usize = 1024;

    /// The field that has these values, one for each time that it is there.
    pub fn of(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => read(value).map_or(Self::Broken, Self::Once),
            (Some(_), Some(_)) => Self::Broken,
        }
    }
}

/// The text of one value.
pub(crate) fn read(value: &[u8]) -> Option<&str> {
    let plain = value.len() <= Field::MAX && value.iter().all(|byte| (b' '..=b'~').contains(byte));
    std::str::from_utf8(value).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_absent() {
        assert_eq!(Field::of([]), Field::Absent);
        assert_eq!(Field::of([&b"a b"[..]]), Field::Once("a b"));
        assert_eq!(Field::of([&b""[..]]), Field::Once(""));
        for values in [&[&b"a"[..], b"a"][..], &[b"\xff"], &[b"a\0"], &[b"a\tb"], &[&[b'a'; 1025]]] {
            assert_eq!(Field::of(values.iter().copied()), Field::Broken, "{values:?}");
        }
    }
}
