//! The code tables of clause 9.2: tables 9-5 (`coeff_token`), 9-7 to 9-9 (`total_zeros`) and 9-10 (`run_before`).
//!
//! Codes are written as the standard prints them and turned into numbers when the crate is compiled. The tests check
//! that no code is the start of another, and [`cavlc`](crate::cavlc) reads back whatever it wrote.

/// A code word: its bits, the last one lowest, and how many there are. A length of 0 is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) bits: u16,
    pub(crate) length: u8,
}

impl Code {
    const NONE: Self = Self { bits: 0, length: 0 };

    /// Reads a code as it is printed: zeros and ones, in groups.
    const fn parse(text: &str) -> Self {
        let text = text.as_bytes();
        let mut code = Self::NONE;
        let mut at = 0;
        while at < text.len() {
            if text[at] != b' ' {
                code.bits = code.bits << 1 | (text[at] == b'1') as u16;
                code.length += 1;
            }
            at += 1;
        }
        code
    }
}

/// Columns of table 9-5 that are used: nC of 0 and 1, 2 and 3, 4 to 7, 8 and more, and -1 (chroma DC of 4:2:0).
pub(crate) const COEFF_TOKEN_TABLES: usize = 5;
/// The column for chroma DC.
pub(crate) const CHROMA_DC: usize = 4;

/// `coeff_token`, by column, total of non-zero levels and trailing ones.
pub(crate) static COEFF_TOKEN: [[[Code; 4]; 17]; COEFF_TOKEN_TABLES] = coeff_token();

const fn coeff_token() -> [[[Code; 4]; 17]; COEFF_TOKEN_TABLES] {
    let mut table = [[[Code::NONE; 4]; 17]; COEFF_TOKEN_TABLES];
    let mut row = 0;
    while row < TABLE_9_5.len() {
        let (ones, total, codes) = TABLE_9_5[row];
        let mut column = 0;
        while column < COEFF_TOKEN_TABLES {
            table[column][total][ones] = Code::parse(codes[column]);
            column += 1;
        }
        row += 1;
    }
    table
}

const fn by_zeros<const ROWS: usize>(rows: [&[&str]; ROWS]) -> [[Code; 16]; ROWS] {
    let mut table = [[Code::NONE; 16]; ROWS];
    let mut row = 0;
    while row < ROWS {
        let mut zeros = 0;
        while zeros < rows[row].len() {
            table[row][zeros] = Code::parse(rows[row][zeros]);
            zeros += 1;
        }
        row += 1;
    }
    table
}

/// `total_zeros` by the total of levels less one; tables 9-7 and 9-8.
pub(crate) static TOTAL_ZEROS: [[Code; 16]; 15] = by_zeros(TABLES_9_7_AND_9_8);
/// `total_zeros` of chroma DC by the total of levels less one; table 9-9 (a).
pub(crate) static TOTAL_ZEROS_CHROMA_DC: [[Code; 16]; 3] = by_zeros(TABLE_9_9);
/// `run_before` by the zeros that are left, at most 7, less one; table 9-10.
pub(crate) static RUN_BEFORE: [[Code; 16]; 7] = by_zeros(TABLE_9_10);

/// Codes that follow one another, written at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Codes(u32);

impl Codes {
    const NONE: Self = Self(0);

    /// 30 bits at most, of which the first are so often zeros that 26 hold the others.
    const fn then(self, code: Code) -> Self {
        let bits = self.bits() << code.length | code.bits as u32;
        assert!(bits < 1 << 27);
        Self(bits << 5 | (self.length() + code.length as u32))
    }

    #[inline]
    pub(crate) const fn bits(self) -> u32 {
        self.0 >> 5
    }

    #[inline]
    pub(crate) const fn length(self) -> u32 {
        self.0 % 32
    }
}

/// `total_zeros` and all of `run_before` of a block of 16, by which levels are not 0: a bit for each, the last lowest.
#[expect(long_running_const_eval, reason = "a second")]
pub(crate) static ZEROS: [Codes; 1 << 16] = zeros(16, &TOTAL_ZEROS, &RUN_BEFORE);
/// The same for chroma DC.
pub(crate) static ZEROS_CHROMA_DC: [Codes; 1 << 4] = zeros(4, &TOTAL_ZEROS_CHROMA_DC, &RUN_BEFORE);

const fn zeros<const MASKS: usize>(size: u32, totals: &[[Code; 16]], runs: &[[Code; 16]; 7]) -> [Codes; MASKS] {
    let mut table = [Codes::NONE; MASKS];
    let mut mask = 1_u32;
    while (mask as usize) < MASKS {
        table[mask as usize] = zeros_of(mask, size, totals, runs);
        mask += 1;
    }
    table
}

const fn zeros_of(mask: u32, size: u32, totals: &[[Code; 16]], runs: &[[Code; 16]; 7]) -> Codes {
    let total = mask.count_ones();
    let mut codes = Codes::NONE;
    if total == size {
        return codes;
    }
    let mut left = size - mask.trailing_zeros() - total;
    codes = codes.then(totals[total as usize - 1][left as usize]);
    // What is below the highest level, whose own bit went.
    let mut below = mask >> mask.trailing_zeros() >> 1;
    while below != 0 && left > 0 {
        let run = below.trailing_zeros();
        let row = if left < 7 { left } else { 7 };
        codes = codes.then(runs[row as usize - 1][run as usize]);
        left -= run;
        below = below >> run >> 1;
    }
    codes
}

/// A level of `magnitude` and sign, written with a suffix of some length (9.2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LevelCode {
    pub(crate) bits: u16,
    pub(crate) length: u8,
    /// The length of the next level's suffix.
    pub(crate) next: u8,
}

/// Levels from here to its opposite have their codes in a table; all others are escapes.
pub(crate) const SMALL_LEVEL: i16 = 64;

/// Codes of small levels, by the length of the suffix and the level plus [`SMALL_LEVEL`].
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
pub(crate) static LEVELS: [[LevelCode; 2 * SMALL_LEVEL as usize]; 7] = {
    let mut table = [[LevelCode { bits: 0, length: 0, next: 0 }; 2 * SMALL_LEVEL as usize]; 7];
    let mut suffix_length = 0;
    while suffix_length < table.len() {
        let mut at = 0;
        while at < table[suffix_length].len() {
            let level = at as i16 - SMALL_LEVEL;
            let magnitude = level.unsigned_abs() as u32;
            if magnitude > 0 {
                let code = level_code(2 * magnitude - 2 + (level < 0) as u32, suffix_length as u32);
                let next = next_suffix_length(magnitude, suffix_length as u8);
                table[suffix_length][at] = LevelCode { bits: code.bits, length: code.length, next };
            }
            at += 1;
        }
        suffix_length += 1;
    }
    table
};

/// The length of the suffix after a level.
#[inline]
pub(crate) const fn next_suffix_length(magnitude: u32, suffix_length: u8) -> u8 {
    let length = if suffix_length == 0 { 1 } else { suffix_length };
    if length < 6 && magnitude > 3 << (length - 1) { length + 1 } else { length }
}

/// `level_prefix` and `level_suffix` of `levelCode`.
#[expect(clippy::cast_possible_truncation, reason = "a code of 28 bits begins with 15 zeros")]
pub(crate) const fn level_code(code: u32, suffix_length: u32) -> Code {
    const ESCAPE: u32 = 1 << 12;
    let (bits, length) = if suffix_length == 0 {
        match code {
            0..14 => (1, code + 1),
            14..30 => (1 << 4 | (code - 14), 15 + 4),
            _ => (ESCAPE | (code - 30), 16 + 12),
        }
    } else if code >> suffix_length < 15 {
        let suffix = code & ((1 << suffix_length) - 1);
        (1 << suffix_length | suffix, (code >> suffix_length) + 1 + suffix_length)
    } else {
        (ESCAPE | (code - (15 << suffix_length)), 16 + 12)
    };
    Code { bits: bits as u16, length: length as u8 }
}

/// Trailing ones, total of levels, and the codes of each column.
#[rustfmt::skip]
const TABLE_9_5: [(usize, usize, [&str; COEFF_TOKEN_TABLES]); 62] = [
    (0, 0, ["1", "11", "1111", "0000 11", "01"]),
    (0, 1, ["0001 01", "0010 11", "0011 11", "0000 00", "0001 11"]),
    (1, 1, ["01", "10", "1110", "0000 01", "1"]),
    (0, 2, ["0000 0111", "0001 11", "0010 11", "0001 00", "0001 00"]),
    (1, 2, ["0001 00", "0011 1", "0111 1", "0001 01", "0001 10"]),
    (2, 2, ["001", "011", "1101", "0001 10", "001"]),
    (0, 3, ["0000 0011 1", "0000 111", "0010 00", "0010 00", "0000 11"]),
    (1, 3, ["0000 0110", "0010 10", "0110 0", "0010 01", "0000 011"]),
    (2, 3, ["0000 101", "0010 01", "0111 0", "0010 10", "0000 010"]),
    (3, 3, ["0001 1", "0101", "1100", "0010 11", "0001 01"]),
    (0, 4, ["0000 0001 11", "0000 0111", "0001 111", "0011 00", "0000 10"]),
    (1, 4, ["0000 0011 0", "0001 10", "0101 0", "0011 01", "0000 0011"]),
    (2, 4, ["0000 0101", "0001 01", "0101 1", "0011 10", "0000 0010"]),
    (3, 4, ["0000 11", "0100", "1011", "0011 11", "0000 000"]),
    (0, 5, ["0000 0000 111", "0000 0100", "0001 011", "0100 00", ""]),
    (1, 5, ["0000 0001 10", "0000 110", "0100 0", "0100 01", ""]),
    (2, 5, ["0000 0010 1", "0000 101", "0100 1", "0100 10", ""]),
    (3, 5, ["0000 100", "0011 0", "1010", "0100 11", ""]),
    (0, 6, ["0000 0000 0111 1", "0000 0011 1", "0001 001", "0101 00", ""]),
    (1, 6, ["0000 0000 110", "0000 0110", "0011 10", "0101 01", ""]),
    (2, 6, ["0000 0001 01", "0000 0101", "0011 01", "0101 10", ""]),
    (3, 6, ["0000 0100", "0010 00", "1001", "0101 11", ""]),
    (0, 7, ["0000 0000 0101 1", "0000 0001 111", "0001 000", "0110 00", ""]),
    (1, 7, ["0000 0000 0111 0", "0000 0011 0", "0010 10", "0110 01", ""]),
    (2, 7, ["0000 0000 101", "0000 0010 1", "0010 01", "0110 10", ""]),
    (3, 7, ["0000 0010 0", "0001 00", "1000", "0110 11", ""]),
    (0, 8, ["0000 0000 0100 0", "0000 0001 011", "0000 1111", "0111 00", ""]),
    (1, 8, ["0000 0000 0101 0", "0000 0001 110", "0001 110", "0111 01", ""]),
    (2, 8, ["0000 0000 0110 1", "0000 0001 101", "0001 101", "0111 10", ""]),
    (3, 8, ["0000 0001 00", "0000 100", "0110 1", "0111 11", ""]),
    (0, 9, ["0000 0000 0011 11", "0000 0000 1111", "0000 1011", "1000 00", ""]),
    (1, 9, ["0000 0000 0011 10", "0000 0001 010", "0000 1110", "1000 01", ""]),
    (2, 9, ["0000 0000 0100 1", "0000 0001 001", "0001 010", "1000 10", ""]),
    (3, 9, ["0000 0000 100", "0000 0010 0", "0011 00", "1000 11", ""]),
    (0, 10, ["0000 0000 0010 11", "0000 0000 1011", "0000 0111 1", "1001 00", ""]),
    (1, 10, ["0000 0000 0010 10", "0000 0000 1110", "0000 1010", "1001 01", ""]),
    (2, 10, ["0000 0000 0011 01", "0000 0000 1101", "0000 1101", "1001 10", ""]),
    (3, 10, ["0000 0000 0110 0", "0000 0001 100", "0001 100", "1001 11", ""]),
    (0, 11, ["0000 0000 0001 111", "0000 0000 1000", "0000 0101 1", "1010 00", ""]),
    (1, 11, ["0000 0000 0001 110", "0000 0000 1010", "0000 0111 0", "1010 01", ""]),
    (2, 11, ["0000 0000 0010 01", "0000 0000 1001", "0000 1001", "1010 10", ""]),
    (3, 11, ["0000 0000 0011 00", "0000 0001 000", "0000 1100", "1010 11", ""]),
    (0, 12, ["0000 0000 0001 011", "0000 0000 0111 1", "0000 0100 0", "1011 00", ""]),
    (1, 12, ["0000 0000 0001 010", "0000 0000 0111 0", "0000 0101 0", "1011 01", ""]),
    (2, 12, ["0000 0000 0001 101", "0000 0000 0110 1", "0000 0110 1", "1011 10", ""]),
    (3, 12, ["0000 0000 0010 00", "0000 0000 1100", "0000 1000", "1011 11", ""]),
    (0, 13, ["0000 0000 0000 1111", "0000 0000 0101 1", "0000 0011 01", "1100 00", ""]),
    (1, 13, ["0000 0000 0000 001", "0000 0000 0101 0", "0000 0011 1", "1100 01", ""]),
    (2, 13, ["0000 0000 0001 001", "0000 0000 0100 1", "0000 0100 1", "1100 10", ""]),
    (3, 13, ["0000 0000 0001 100", "0000 0000 0110 0", "0000 0110 0", "1100 11", ""]),
    (0, 14, ["0000 0000 0000 1011", "0000 0000 0011 1", "0000 0010 01", "1101 00", ""]),
    (1, 14, ["0000 0000 0000 1110", "0000 0000 0010 11", "0000 0011 00", "1101 01", ""]),
    (2, 14, ["0000 0000 0000 1101", "0000 0000 0011 0", "0000 0010 11", "1101 10", ""]),
    (3, 14, ["0000 0000 0001 000", "0000 0000 0100 0", "0000 0010 10", "1101 11", ""]),
    (0, 15, ["0000 0000 0000 0111", "0000 0000 0010 01", "0000 0001 01", "1110 00", ""]),
    (1, 15, ["0000 0000 0000 1010", "0000 0000 0010 00", "0000 0010 00", "1110 01", ""]),
    (2, 15, ["0000 0000 0000 1001", "0000 0000 0010 10", "0000 0001 11", "1110 10", ""]),
    (3, 15, ["0000 0000 0000 1100", "0000 0000 0000 1", "0000 0001 10", "1110 11", ""]),
    (0, 16, ["0000 0000 0000 0100", "0000 0000 0001 11", "0000 0000 01", "1111 00", ""]),
    (1, 16, ["0000 0000 0000 0110", "0000 0000 0001 10", "0000 0001 00", "1111 01", ""]),
    (2, 16, ["0000 0000 0000 0101", "0000 0000 0001 01", "0000 0000 11", "1111 10", ""]),
    (3, 16, ["0000 0000 0000 1000", "0000 0000 0001 00", "0000 0000 10", "1111 11", ""]),
];

#[rustfmt::skip]
const TABLES_9_7_AND_9_8: [&[&str]; 15] = [
    &["1", "011", "010", "0011", "0010", "00011", "00010", "000011", "000010", "0000011", "0000010", "00000011", "00000010", "000000011", "000000010", "000000001"],
    &["111", "110", "101", "100", "011", "0101", "0100", "0011", "0010", "00011", "00010", "000011", "000010", "000001", "000000"],
    &["0101", "111", "110", "101", "0100", "0011", "100", "011", "0010", "00011", "00010", "000001", "00001", "000000"],
    &["00011", "111", "0101", "0100", "110", "101", "100", "0011", "011", "0010", "00010", "00001", "00000"],
    &["0101", "0100", "0011", "111", "110", "101", "100", "011", "0010", "00001", "0001", "00000"],
    &["000001", "00001", "111", "110", "101", "100", "011", "010", "0001", "001", "000000"],
    &["000001", "00001", "101", "100", "011", "11", "010", "0001", "001", "000000"],
    &["000001", "0001", "00001", "011", "11", "10", "010", "001", "000000"],
    &["000001", "000000", "0001", "11", "10", "001", "01", "00001"],
    &["00001", "00000", "001", "11", "10", "01", "0001"],
    &["0000", "0001", "001", "010", "1", "011"],
    &["0000", "0001", "01", "1", "001"],
    &["000", "001", "1", "01"],
    &["00", "01", "1"],
    &["0", "1"],
];

const TABLE_9_9: [&[&str]; 3] = [&["1", "01", "001", "000"], &["1", "01", "00"], &["1", "0"]];

#[rustfmt::skip]
const TABLE_9_10: [&[&str]; 7] = [
    &["1", "0"],
    &["1", "01", "00"],
    &["11", "10", "01", "00"],
    &["11", "10", "01", "001", "000"],
    &["11", "10", "011", "010", "001", "000"],
    &["11", "000", "001", "011", "010", "101", "100"],
    &["111", "110", "101", "100", "011", "010", "001", "0001", "00001", "000001", "0000001", "00000001", "000000001", "0000000001", "00000000001"],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that no code starts another, and gives the share of all bit strings that some code starts, in 65536ths.
    fn covered(codes: impl Iterator<Item = Code>) -> u32 {
        let codes: Vec<_> = codes.filter(|code| code.length > 0).collect();
        for (n, a) in codes.iter().enumerate() {
            for b in &codes[n + 1..] {
                let length = a.length.min(b.length);
                let start = |code: &Code| code.bits >> (code.length - length);
                assert_ne!(start(a), start(b), "{a:?} and {b:?}");
            }
        }
        codes.iter().map(|code| 1 << (16 - code.length)).sum()
    }

    #[test]
    fn coeff_token_codes_are_prefix_free_and_nearly_complete() {
        for (column, table) in COEFF_TOKEN.iter().enumerate() {
            let count = table.iter().flatten().filter(|code| code.length > 0).count();
            assert_eq!(count, if column == CHROMA_DC { 14 } else { 62 }, "column {column}");
            let left = 0x1_0000 - covered(table.iter().flatten().copied());
            // What no code of the column starts with: a few strings of zeros, 0000 1x in the column of fixed length.
            assert_eq!(left, [2, 8, 64, 2048, 0][column], "column {column}");
        }
    }

    #[test]
    fn zeros_and_runs_are_prefix_free_and_complete() {
        for (levels, row) in (1..).zip(&TOTAL_ZEROS) {
            assert_eq!(row.iter().filter(|code| code.length > 0).count(), 17 - levels);
            let left = 0x1_0000 - covered(row.iter().copied());
            assert_eq!(left, if levels == 1 { 128 } else { 0 }, "{levels} levels");
        }
        for (levels, row) in (1..).zip(&TOTAL_ZEROS_CHROMA_DC) {
            assert_eq!(row.iter().filter(|code| code.length > 0).count(), 5 - levels);
            assert_eq!(covered(row.iter().copied()), 0x1_0000);
        }
        for (left, row) in (1..).zip(&RUN_BEFORE) {
            assert_eq!(row.iter().filter(|code| code.length > 0).count(), if left == 7 { 15 } else { left + 1 });
            assert_eq!(0x1_0000 - covered(row.iter().copied()), if left == 7 { 32 } else { 0 }, "{left} zeros left");
        }
    }

    #[test]
    fn codes_read_as_they_are_printed() {
        assert_eq!(Code::parse("0001 01"), Code { bits: 5, length: 6 });
        assert_eq!(COEFF_TOKEN[0][0][0], Code { bits: 1, length: 1 });
        assert_eq!(RUN_BEFORE[6][14], Code { bits: 1, length: 11 });
    }
}
