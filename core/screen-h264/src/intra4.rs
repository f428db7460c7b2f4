//! Intra prediction of blocks of 4x4: clause 8.3.1.2.
//!
//! All directional modes pick their samples from two rows: the edge from below on the left, around the corner, to above
//! on the right, once averaged in pairs and once smoothed over three. Which ones is a table, made when the crate is
//! compiled.

/// `Intra4x4PredMode`, table 8-2: vertical.
pub(crate) const VERTICAL: u8 = 0;
/// Horizontal.
pub(crate) const HORIZONTAL: u8 = 1;
/// The mean; also what a neighbour without a mode stands for.
pub(crate) const DC: u8 = 2;
pub(crate) const DOWN_LEFT: u8 = 3;
const DOWN_RIGHT: u8 = 4;
const VERTICAL_RIGHT: u8 = 5;
const HORIZONTAL_DOWN: u8 = 6;
const VERTICAL_LEFT: u8 = 7;
const HORIZONTAL_UP: u8 = 8;

/// Modes in all.
pub(crate) const MODES: u8 = 9;

/// Length of the edge: the left column from below, its last sample repeated; the corner; the row above, its last repeated.
pub(crate) const EDGE: usize = 18;
/// Where on the edge the corner is.
pub(crate) const CORNER: usize = 8;

/// What a block is predicted from, and by which modes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) edge: [u8; EDGE],
    /// Of the left column and the row above.
    pub(crate) mean: u8,
    /// A bit for each mode whose samples are there.
    pub(crate) possible: u16,
}

const BY_ABOVE: u16 = 1 << VERTICAL | 1 << DOWN_LEFT | 1 << VERTICAL_LEFT;
const BY_LEFT: u16 = 1 << HORIZONTAL | 1 << HORIZONTAL_UP;
const BY_BOTH: u16 = 1 << DOWN_RIGHT | 1 << VERTICAL_RIGHT | 1 << HORIZONTAL_DOWN;

impl Around {
    /// From the left column from the top, the corner, and the row above and on to the right, where they are there. Where
    /// both are, so is the corner.
    pub(crate) fn new(left: Option<[u8; 4]>, corner: u8, above: Option<[u8; 8]>) -> Self {
        let (has_left, has_above) = (left.is_some(), above.is_some());
        let ([l0, l1, l2, l3], above) = (left.unwrap_or_default(), above.unwrap_or_default());
        let [a0, a1, a2, a3, a4, a5, a6, a7] = above;
        let sums = [[l0, l1, l2, l3], [a0, a1, a2, a3]].map(|samples| samples.map(u16::from).iter().sum::<u16>());
        let mean = match (has_left, has_above) {
            (true, true) => (sums[0] + sums[1] + 4) >> 3,
            (true, false) => (sums[0] + 2) >> 2,
            (false, true) => (sums[1] + 2) >> 2,
            (false, false) => 128,
        };
        let part = |there: bool, modes: u16| if there { modes } else { 0 };
        Self {
            edge: [l3, l3, l3, l3, l3, l2, l1, l0, corner, a0, a1, a2, a3, a4, a5, a6, a7, a7],
            mean: mean.to_le_bytes()[0],
            possible: 1 << DC
                | part(has_above, BY_ABOVE)
                | part(has_left, BY_LEFT)
                | part(has_left && has_above, BY_BOTH),
        }
    }
}

/// The mode that was chosen for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) mode: u8,
    /// Difference to the source, and the price of saying the mode.
    pub(crate) cost: u32,
    /// The prediction, row after row.
    pub(crate) prediction: [u8; 16],
}

/// What saying a mode costs, in lambdas: a bit where it is expected, four where not.
pub(crate) const fn price(mode: u8, expected: u8) -> u32 {
    if mode == expected { 1 } else { 4 }
}

/// The cheapest mode; of equal ones the first.
pub(crate) fn choose(around: &Around, source: &[u8; 16], expected: u8, lambda: u32) -> Choice {
    let predictor = Predictor::new(around);
    let mut best = Choice { mode: DC, cost: u32::MAX, prediction: [0; 16] };
    for mode in (0..MODES).filter(|mode| around.possible >> mode & 1 == 1) {
        let prediction = predictor.predict(mode);
        let difference: u32 = prediction.iter().zip(source).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        let cost = difference + lambda * price(mode, expected);
        if cost < best.cost {
            best = Choice { mode, cost, prediction };
        }
    }
    best
}

/// The predictions of a block by every mode.
#[derive(Debug)]
struct Predictor<'a> {
    around: &'a Around,
    /// Averages of a sample of the edge and the next, then the smoothed edge.
    filtered: [u8; 2 * EDGE],
}

impl<'a> Predictor<'a> {
    fn new(around: &'a Around) -> Self {
        let edge = around.edge.map(u16::from);
        let mut filtered = [0; 2 * EDGE];
        let low = |value: u16| value.to_le_bytes()[0];
        for at in 1..EDGE - 1 {
            filtered[at] = low((edge[at] + edge[at + 1] + 1) >> 1);
            filtered[EDGE + at] = low((edge[at - 1] + 2 * edge[at] + edge[at + 1] + 2) >> 2);
        }
        Self { around, filtered }
    }

    /// The prediction, row after row.
    fn predict(&self, mode: u8) -> [u8; 16] {
        let edge = &self.around.edge;
        match mode {
            VERTICAL => std::array::from_fn(|at| edge[CORNER + 1 + at % 4]),
            HORIZONTAL => std::array::from_fn(|at| edge[CORNER - 1 - at / 4]),
            DC => [self.around.mean; 16],
            _ => PLACES[usize::from(mode - DOWN_LEFT)].map(|place| self.filtered[usize::from(place)]),
        }
    }
}

/// For each directional mode and sample, a place in the filtered edges: averages first, then, [`EDGE`] further, smoothed.
pub(crate) const PLACES: [[u8; 16]; 6] = {
    let mut places = [[0; 16]; 6];
    let mut at = 0_usize;
    while at < 16 {
        let (x, y) = (at.cast_signed() % 4, at.cast_signed() / 4);
        let mut mode = DOWN_LEFT;
        while mode < MODES {
            places[(mode - DOWN_LEFT) as usize][at] = place(mode, x, y);
            mode += 1;
        }
        at += 1;
    }
    places
};

/// Where the sample of a mode at column `x` and row `y` comes from.
const fn place(mode: u8, x: isize, y: isize) -> u8 {
    match mode {
        DOWN_LEFT => smoothed(2 + x + y),
        DOWN_RIGHT => smoothed(x - y),
        VERTICAL_RIGHT => steep(x, y),
        HORIZONTAL_DOWN => shallow(x, y),
        VERTICAL_LEFT if y % 2 == 0 => averaged(1 + x + y / 2),
        VERTICAL_LEFT => smoothed(2 + x + y / 2),
        _ if x % 2 == 0 => averaged(-2 - y - x / 2),
        _ => smoothed(-2 - y - x / 2),
    }
}

/// The average of the sample `step` behind the corner and the next.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the edge is short")]
const fn averaged(step: isize) -> u8 {
    (CORNER as isize + step) as u8
}

/// The smoothed sample `step` behind the corner.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the edge is short")]
const fn smoothed(step: isize) -> u8 {
    (EDGE as isize + CORNER as isize + step) as u8
}

/// Vertical_Right (8.3.1.2.6).
const fn steep(x: isize, y: isize) -> u8 {
    let z = 2 * x - y;
    if z >= 0 && z % 2 == 0 {
        averaged(x - y / 2)
    } else if z >= 0 {
        smoothed(x - y / 2)
    } else if z == -1 {
        smoothed(0)
    } else {
        smoothed(1 - y)
    }
}

/// Horizontal_Down (8.3.1.2.7).
const fn shallow(x: isize, y: isize) -> u8 {
    let z = 2 * y - x;
    if z >= 0 && z % 2 == 0 {
        averaged(x / 2 - y - 1)
    } else if z >= 0 {
        smoothed(x / 2 - y)
    } else if z == -1 {
        smoothed(0)
    } else {
        smoothed(x - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: [u8; 4] = [40, 60, 90, 200];
    const ABOVE: [u8; 8] = [10, 30, 70, 150, 5, 77, 130, 255];

    /// Sample p[x, y] around the block of the test.
    fn p(x: i32, y: i32) -> i32 {
        let at = |at: i32| usize::try_from(at).unwrap();
        match (x, y) {
            (-1, -1) => 20,
            (-1, y) => LEFT[at(y)].into(),
            (x, _) => ABOVE[at(x)].into(),
        }
    }

    fn check(mode: u8, formula: impl Fn(i32, i32) -> i32) {
        let around = Around::new(Some(LEFT), 20, Some(ABOVE));
        let predicted = Predictor::new(&around).predict(mode);
        for (at, sample) in (0..).zip(predicted) {
            assert_eq!(i32::from(sample), formula(at % 4, at / 4), "mode {mode} at {at}");
        }
    }

    fn two(a: (i32, i32), b: (i32, i32)) -> i32 {
        (p(a.0, a.1) + p(b.0, b.1) + 1) >> 1
    }

    fn three(a: (i32, i32), b: (i32, i32), c: (i32, i32)) -> i32 {
        (p(a.0, a.1) + 2 * p(b.0, b.1) + p(c.0, c.1) + 2) >> 2
    }

    #[test]
    fn plain_modes_repeat_an_edge_or_its_mean() {
        check(VERTICAL, |x, _| p(x, -1));
        check(HORIZONTAL, |_, y| p(-1, y));
        check(DC, |_, _| (390 + 260 + 4) / 8);
    }

    #[test]
    fn modes_need_their_samples() {
        let possible = |left, above| Around::new(left, 20, above).possible;
        assert_eq!(possible(None, None), 1 << DC);
        assert_eq!(possible(Some(LEFT), Some(ABOVE)), (1 << MODES) - 1);
        assert_eq!(possible(None, Some(ABOVE)).count_ones() + possible(Some(LEFT), None).count_ones(), 4 + 3);
    }

    #[test]
    fn diagonals_are_as_8_3_1_2_4_and_5_say() {
        check(DOWN_LEFT, |x, y| match (x, y) {
            (3, 3) => (p(6, -1) + 3 * p(7, -1) + 2) >> 2,
            _ => three((x + y, -1), (x + y + 1, -1), (x + y + 2, -1)),
        });
        check(DOWN_RIGHT, |x, y| match x - y {
            1.. => three((x - y - 2, -1), (x - y - 1, -1), (x - y, -1)),
            0 => three((0, -1), (-1, -1), (-1, 0)),
            _ => three((-1, y - x - 2), (-1, y - x - 1), (-1, y - x)),
        });
    }

    #[test]
    fn steep_and_shallow_modes_are_as_8_3_1_2_6_and_7_say() {
        check(VERTICAL_RIGHT, |x, y| match 2 * x - y {
            0 | 2 | 4 | 6 => two((x - (y >> 1) - 1, -1), (x - (y >> 1), -1)),
            1 | 3 | 5 => three((x - (y >> 1) - 2, -1), (x - (y >> 1) - 1, -1), (x - (y >> 1), -1)),
            -1 => three((-1, 0), (-1, -1), (0, -1)),
            _ => three((-1, y - 1), (-1, y - 2), (-1, y - 3)),
        });
        check(HORIZONTAL_DOWN, |x, y| match 2 * y - x {
            0 | 2 | 4 | 6 => two((-1, y - (x >> 1) - 1), (-1, y - (x >> 1))),
            1 | 3 | 5 => three((-1, y - (x >> 1) - 2), (-1, y - (x >> 1) - 1), (-1, y - (x >> 1))),
            -1 => three((-1, 0), (-1, -1), (0, -1)),
            _ => three((x - 1, -1), (x - 2, -1), (x - 3, -1)),
        });
    }

    #[test]
    fn modes_to_the_left_and_up_are_as_8_3_1_2_8_and_9_say() {
        check(VERTICAL_LEFT, |x, y| {
            let at = x + (y >> 1);
            if y % 2 == 0 { two((at, -1), (at + 1, -1)) } else { three((at, -1), (at + 1, -1), (at + 2, -1)) }
        });
        check(HORIZONTAL_UP, |x, y| {
            let at = y + (x >> 1);
            match x + 2 * y {
                0 | 2 | 4 => two((-1, at), (-1, at + 1)),
                1 | 3 => three((-1, at), (-1, at + 1), (-1, at + 2)),
                5 => (p(-1, 2) + 3 * p(-1, 3) + 2) >> 2,
                _ => p(-1, 3),
            }
        });
    }
}
