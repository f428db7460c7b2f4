//! Lists that may grow between two looks at them.

use crate::KmsError;

/// Looks that a list gets to hold still.
const ATTEMPTS: usize = 8;
/// No list of the kernel has more; a larger count is nonsense.
const LIMIT: usize = 1 << 16;

/// Reads a list through `fill`, which writes what fits and returns how many there are.
pub(crate) fn read<T: Clone + Default>(
    what: &'static str,
    guess: usize,
    mut fill: impl FnMut(&mut [T]) -> Result<u32, KmsError>,
) -> Result<Vec<T>, KmsError> {
    let mut list = vec![T::default(); guess];
    for _ in 0..ATTEMPTS {
        let there = fill(&mut list)? as usize;
        if there <= list.len() {
            list.truncate(there);
            return Ok(list);
        }
        if there > LIMIT {
            return Err(KmsError::TooMany { what, count: there });
        }
        list.clear();
        list.resize(there, T::default());
    }
    Err(KmsError::Unsettled { what })
}

/// The length of a list as the kernel counts it.
pub(crate) fn count(what: &'static str, length: usize) -> Result<u32, KmsError> {
    u32::try_from(length).map_err(|_| KmsError::TooMany { what, count: length })
}

/// A list's address as the kernel takes it.
pub(crate) fn address<T>(list: *const T) -> u64 {
    list.expose_provenance() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that has another length at each look.
    fn growing(lengths: &[u32]) -> impl FnMut(&mut [u32]) -> Result<u32, KmsError> {
        let mut lengths = lengths.iter().copied();
        move |list| {
            list.iter_mut().for_each(|entry| *entry = 7);
            Ok(lengths.next().expect("no look after the last"))
        }
    }

    #[test]
    fn a_list_that_fits_takes_one_look() {
        assert_eq!(read("things", 4, growing(&[2])).expect("settles"), [7, 7]);
        assert!(read("things", 4, growing(&[0])).expect("settles").is_empty());
    }

    #[test]
    fn a_list_that_grew_is_read_again() {
        assert_eq!(read("things", 1, growing(&[2, 3, 3])).expect("settles"), [7, 7, 7]);
    }

    #[test]
    fn a_list_that_shrank_is_cut() {
        assert_eq!(read("things", 1, growing(&[3, 1])).expect("settles"), [7]);
    }

    #[test]
    fn a_list_that_never_settles_is_given_up() {
        let mut length = 0;
        let outcome = read("things", 0, |_: &mut [u32]| {
            length += 1;
            Ok(length)
        });
        assert!(matches!(outcome, Err(KmsError::Unsettled { what: "things" })));
    }

    #[test]
    fn a_nonsensical_count_allocates_nothing() {
        assert!(matches!(read("things", 0, growing(&[u32::MAX])), Err(KmsError::TooMany { .. })));
    }
}
