//! The byte stream format of Annex B: NAL units behind start codes.
//!
//! Finding start codes is the only work that touches every byte of a stream, so it looks for two zeros in whole
//! blocks that the compiler turns into vector code, and looks closer only where a block has such a pair.

use std::ops::Range;

use crate::{H264Error, Nal, NalType};

/// The start code that Lunette writes: the four-byte form, which every reader takes.
pub const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// Bytes that one step of the search covers.
const BLOCK: usize = 64;

/// The NAL units of `data`, without start codes and the zeros around them. Empty ones are passed over.
///
/// # Errors
/// When `data` does not begin with a start code: it is then another format, most likely AVCC.
pub fn units(data: &[u8]) -> Result<Units<'_>, H264Error> {
    let first = data.iter().position(|byte| *byte != 0).ok_or(H264Error::Empty("the byte stream"))?;
    if first < 2 || data[first] != 1 {
        return Err(H264Error::NoStartCode { offset: first, byte: data[first] });
    }
    Ok(Units { data, next: Some(first + 1) })
}

/// Appends `nal` to `out` behind a start code.
pub fn push(nal: Nal<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&START_CODE);
    out.extend_from_slice(nal.bytes());
}

/// Iterates over the NAL units of a byte stream. Made by [`units`].
#[derive(Debug, Clone)]
pub struct Units<'a> {
    data: &'a [u8],
    next: Option<usize>,
}

impl<'a> Units<'a> {
    /// The type of the next unit, found without looking for its end.
    pub(crate) fn peek_kind(&self) -> Option<NalType> {
        self.data.get(self.next?).copied().map(NalType::from_header)
    }

    /// Where the next unit lies.
    pub(crate) fn next_range(&mut self) -> Option<Range<usize>> {
        loop {
            let start = self.next?;
            let code = find_start_code(self.data, start);
            self.next = code.map(|code| code + 3);
            let unit = &self.data[start..code.unwrap_or(self.data.len())];
            if let Some(last) = unit.iter().rposition(|byte| *byte != 0) {
                return Some(start..start + last + 1);
            }
        }
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = Nal<'a>;

    fn next(&mut self) -> Option<Nal<'a>> {
        let range = self.next_range()?;
        Nal::new(&self.data[range])
    }
}

/// Where the first `00 00 01` at or after `at` starts.
pub(crate) fn find_start_code(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let pair = find_zero_pair(data, at)?;
        // A long run of zeros is walked once here, not once per zero.
        let end = pair + 2 + data[pair + 2..].iter().position(|byte| *byte != 0)?;
        if data[end] == 1 {
            return Some(end - 2);
        }
        at = end + 1;
    }
}

/// Where the first two zeros in a row at or after `at` start.
pub(crate) fn find_zero_pair(data: &[u8], mut at: usize) -> Option<usize> {
    while let Some(block) = data.get(at..at + BLOCK + 1) {
        if has_zero_pair(block) {
            break;
        }
        at += BLOCK;
    }
    data.get(at..)?.windows(2).position(|pair| pair == [0, 0]).map(|found| at + found)
}

/// Whether two zeros in a row start in the block's first `BLOCK` bytes; without branches, so that it vectorises.
fn has_zero_pair(block: &[u8]) -> bool {
    let (left, right) = (&block[..BLOCK], &block[1..=BLOCK]);
    let lowest = left.iter().zip(right).fold(u8::MAX, |lowest, (a, b)| lowest.min(a | b));
    lowest == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(data: &[u8]) -> Vec<&[u8]> {
        units(data).expect("a start code").map(Nal::bytes).collect()
    }

    #[test]
    fn both_start_codes_split_and_zeros_around_them_vanish() {
        let data = [0, 0, 0, 1, 0x67, 0xaa, 0, 0, 0, 0, 0, 1, 0x68, 0, 0, 1, 0x65, 0, 3, 0, 0, 0];
        assert_eq!(bytes_of(&data), [&[0x67, 0xaa][..], &[0x68], &[0x65, 0, 3]]);
    }

    #[test]
    fn empty_units_are_passed_over() {
        assert_eq!(bytes_of(&[0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 9]), [&[9]]);
        assert_eq!(bytes_of(&[0, 0, 1]), [&[]; 0]);
    }

    #[test]
    fn length_prefixed_data_is_not_a_byte_stream() {
        let avcc = [0, 0, 0, 2, 0x67, 0xaa];
        assert_eq!(units(&avcc).unwrap_err(), H264Error::NoStartCode { offset: 3, byte: 2 });
        assert_eq!(units(&[0, 1]).unwrap_err(), H264Error::NoStartCode { offset: 1, byte: 1 });
        assert_eq!(units(&[0; 9]).unwrap_err(), H264Error::Empty("the byte stream"));
        assert_eq!(units(&[]).unwrap_err(), H264Error::Empty("the byte stream"));
    }

    proptest! {
        #[test]
        fn the_block_search_finds_what_a_plain_search_finds(
            data in prop::collection::vec(prop_oneof![6 => Just(0u8), 2 => Just(1), 1 => Just(2), 3 => any::<u8>()], 0..400),
            filler in 0..300usize,
        ) {
            let mut padded = vec![0xff; filler];
            padded.extend(&data);
            for at in [0, filler / 2, filler] {
                let plain = padded[at..].windows(3).position(|code| code == [0, 0, 1]).map(|found| found + at);
                prop_assert_eq!(find_start_code(&padded, at), plain);
            }
        }
    }
}
