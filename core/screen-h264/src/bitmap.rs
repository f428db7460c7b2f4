//! One bit for each macroblock: which of them changed, moved, wait. Rows are whole words, so that a still row costs one
//! look per 64 macroblocks.

/// Bits in rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
    width: usize,
}

/// Words of a row of `width` bits.
const fn words_of(width: usize) -> usize {
    width.div_ceil(64)
}

impl Bitmap {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { words: vec![0; words_of(width) * height], width }
    }

    pub(crate) fn row(&self, y: usize) -> Row<'_> {
        let words = words_of(self.width);
        Row { words: &self.words[y * words..][..words], width: self.width }
    }

    /// The words of all rows, and how many a row has.
    pub(crate) fn words_mut(&mut self) -> (&mut [u64], usize) {
        (&mut self.words, words_of(self.width))
    }

    pub(crate) fn get(&self, x: usize, y: usize) -> bool {
        self.row(y).get(x)
    }

    pub(crate) fn set(&mut self, x: usize, y: usize) {
        let words = words_of(self.width);
        self.words[y * words + x / 64] |= 1 << (x % 64);
    }

    pub(crate) fn unset(&mut self, x: usize, y: usize) {
        let words = words_of(self.width);
        self.words[y * words + x / 64] &= !(1 << (x % 64));
    }

    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    pub(crate) fn set_all(&mut self) {
        let words = words_of(self.width);
        for row in self.words.chunks_exact_mut(words) {
            row.fill(u64::MAX);
            if !self.width.is_multiple_of(64) {
                row[words - 1] = (1 << (self.width % 64)) - 1;
            }
        }
    }

    /// Sets the bits from `start` on, before `end`.
    pub(crate) fn set_run(&mut self, y: usize, start: usize, end: usize) {
        self.change_run(y, start, end, |word, run| *word |= run);
    }

    /// Unsets the bits from `start` on, before `end`.
    pub(crate) fn unset_run(&mut self, y: usize, start: usize, end: usize) {
        self.change_run(y, start, end, |word, run| *word &= !run);
    }

    fn change_run(&mut self, y: usize, start: usize, end: usize, change: impl Fn(&mut u64, u64)) {
        let words = words_of(self.width);
        let row = &mut self.words[y * words..][..words];
        for (index, word) in row.iter_mut().enumerate() {
            let (low, high) = (start.clamp(index * 64, index * 64 + 64), end.clamp(index * 64, index * 64 + 64));
            if low < high {
                change(word, u64::MAX >> (64 - (high - low)) << (low % 64));
            }
        }
    }

    /// A word of a row.
    pub(crate) fn word_mut(&mut self, y: usize, index: usize) -> &mut u64 {
        &mut self.words[y * words_of(self.width) + index]
    }

    /// How many bits of a row are set.
    pub(crate) fn count_row(&self, y: usize) -> usize {
        self.row(y).words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Adds the bits of `other`, which has the same size.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Takes the bits of `other` away, which has the same size.
    pub(crate) fn remove(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Keeps the bits alone that `other` has, too, which has the same size.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.words.copy_from_slice(&other.words);
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Every bit that is set, row by row, as column and row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let words = words_of(self.width);
        self.words
            .chunks_exact(words)
            .enumerate()
            .flat_map(move |(y, row)| Row { words: row, width: self.width }.iter().map(move |x| (x, y)))
    }
}

/// The bits of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) words: &'a [u64],
    pub(crate) width: usize,
}

impl Row<'_> {
    #[inline]
    pub(crate) fn get(self, x: usize) -> bool {
        self.words[x / 64] >> (x % 64) & 1 == 1
    }

    /// The first bit that is set, from `from` on.
    #[inline]
    pub(crate) fn next(self, from: usize) -> Option<usize> {
        next(from, self.words.len(), |index| self.words[index])
    }

    /// The first bit that is not set, from `from` on; at most the width.
    pub(crate) fn run_end(self, from: usize) -> usize {
        next(from, self.words.len(), |index| !self.words[index]).map_or(self.width, |at| at.min(self.width))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let at = self.next(from)?;
            from = at + 1;
            Some(at)
        })
    }
}

/// The first bit that is set in a row of words, from `from` on.
#[inline]
pub(crate) fn next(from: usize, words: usize, word: impl Fn(usize) -> u64) -> Option<usize> {
    let mut index = from / 64;
    if index >= words {
        return None;
    }
    let mut left = word(index) >> (from % 64) << (from % 64);
    loop {
        if left != 0 {
            return Some(index * 64 + left.trailing_zeros() as usize);
        }
        index += 1;
        if index == words {
            return None;
        }
        left = word(index);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_bits_are_those_of_the_width() {
        for width in [1, 63, 64, 65, 120, 512] {
            let mut bits = Bitmap::new(width, 3);
            bits.set_all();
            assert_eq!((bits.count(), bits.row(2).run_end(0)), (3 * width, width));
        }
    }

    proptest! {
        #[test]
        fn runs_are_what_single_bits_are(width in 1..200usize, a in 0..200usize, b in 0..200usize) {
            let (start, end) = (a.min(b).min(width), a.max(b).min(width));
            let (mut run, mut single) = (Bitmap::new(width, 2), Bitmap::new(width, 2));
            run.set_run(1, start, end);
            (start..end).for_each(|x| single.set(x, 1));
            prop_assert_eq!(&run, &single);
            prop_assert!(run.iter().eq((start..end).map(|x| (x, 1))));
            prop_assert_eq!((run.count_row(0), run.count_row(1)), (0, end - start));
            if start < end {
                prop_assert_eq!(run.row(1).next(0), Some(start));
                prop_assert_eq!(run.row(1).run_end(start), end);
            }
            let mut rest = Bitmap::new(width, 2);
            rest.set_all();
            rest.unset_run(1, start, end);
            prop_assert_eq!(rest.count(), 2 * width - (end - start));
            rest.keep(&run);
            prop_assert!(rest.is_empty());
        }
    }
}
