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
const DOWN_LEFT: u8 = 3;
const DOWN_RIGHT: u8 = 4;
const VERTICAL_RIGHT: u8 = 5;
const HORIZONTAL_DOWN: u8 = 6;
const VERTICAL_LEFT: u8 = 7;
const HORIZONTAL_UP: u8 = 8;

/// Modes in all.
pub(crate) const MODES: u8 = 9;

/// Length of the edge: the left column from below, its last sample repeated; the corner; the row above, its last repeated.
const EDGE: usize = 18;
/// Where on the edge the corner is.
const CORNER: usize = 8;

/// The samples around a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) has_left: bool,
    pub(crate) has_above: bool,
    /// Left column from the top.
    pub(crate) left: [u8; 4],
    pub(crate) corner: u8,
    /// Row above and on to the right; the last one above repeated where there is none.
    pub(crate) above: [u8; 8],
}

/// The predictions of a block by every mode.
#[derive(Debug)]
pub(crate) struct Predictor {
    around: Around,
    /// Averages of a sample of the edge and the next, then the smoothed edge.
    filtered: [u8; 2 * EDGE],
}

impl Predictor {
    pub(crate) fn new(around: Around) -> Self {
        let mut edge = [0_u16; EDGE];
        let [l0, l1, l2, l3] = around.left.map(u16::from);
        edge[..CORNER].copy_from_slice(&[l3, l3, l3, l3, l3, l2, l1, l0]);
        edge[CORNER] = around.corner.into();
        edge[CORNER + 1..=CORNER + 8].copy_from_slice(&around.above.map(u16::from));
        edge[EDGE - 1] = around.above[7].into();
        let mut filtered = [0; 2 * EDGE];
        let low = |value: u16| value.to_le_bytes()[0];
        for at in 1..EDGE - 1 {
            filtered[at] = low((edge[at] + edge[at + 1] + 1) >> 1);
            filtered[EDGE + at] = low((edge[at - 1] + 2 * edge[at] + edge[at + 1] + 2) >> 2);
        }
        Self { around, filtered }
    }

    pub(crate) fn is_possible(&self, mode: u8) -> bool {
        let Around { has_left, has_above, .. } = self.around;
        match mode {
            VERTICAL | DOWN_LEFT | VERTICAL_LEFT => has_above,
            HORIZONTAL | HORIZONTAL_UP => has_left,
            DC => true,
            // Where both are there, so is the corner.
            _ => has_left && has_above,
        }
    }

    /// The prediction, row after row.
    pub(crate) fn predict(&self, mode: u8) -> [u8; 16] {
        let Around { left, above, .. } = &self.around;
        match mode {
            VERTICAL => std::array::from_fn(|at| above[at % 4]),
            HORIZONTAL => std::array::from_fn(|at| left[at / 4]),
            DC => [self.mean(); 16],
            _ => PLACES[usize::from(mode - DOWN_LEFT)].map(|place| self.filtered[usize::from(place)]),
        }
    }

    fn mean(&self) -> u8 {
        let Around { has_left, has_above, left, above, .. } = &self.around;
        let sum = |samples: &[u8]| samples.iter().map(|sample| u16::from(*sample)).sum::<u16>();
        let mean = match (has_left, has_above) {
            (true, true) => (sum(left) + sum(&above[..4]) + 4) >> 3,
            (true, false) => (sum(left) + 2) >> 2,
            (false, true) => (sum(&above[..4]) + 2) >> 2,
            (false, false) => 128,
        };
        mean.to_le_bytes()[0]
    }
}

/// For each directional mode and sample, a place in [`Predictor::filtered`].
static PLACES: [[u8; 16]; 6] = {
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

    fn predictor() -> Predictor {
        Predictor::new(Around {
            has_left: true,
            has_above: true,
            left: [40, 60, 90, 200],
            corner: 20,
            above: [10, 30, 70, 150, 5, 77, 130, 255],
        })
    }

    /// Sample p[x, y] around the block of the test.
    fn p(x: i32, y: i32) -> i32 {
        let around = predictor().around;
        match (x, y) {
            (-1, -1) => around.corner.into(),
            (-1, y) => around.left[usize::try_from(y).unwrap()].into(),
            (x, _) => around.above[usize::try_from(x).unwrap()].into(),
        }
    }

    fn check(mode: u8, formula: impl Fn(i32, i32) -> i32) {
        let predicted = predictor().predict(mode);
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
