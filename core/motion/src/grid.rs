//! The picture in blocks of 16×16, and what is known of each.

use crate::kernels::{BLOCK, Corner, Equal, Kernels, MAX_RUN};
use crate::plane::{Area, Plane};

/// What is known of a block; one byte, since all of them are looked at a few times for each picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block(u8);

impl Block {
    /// Outside of the damage.
    pub(crate) const UNDAMAGED: Self = Self(0);
    /// Reported, and not compared yet.
    pub(crate) const DAMAGED: Self = Self(1);
    /// Reported, and equal to the old picture at the same place.
    pub(crate) const STILL: Self = Self(2);
    /// Differs from the old picture at the same place.
    pub(crate) const CHANGED: Self = Self(3);
    const FIRST_MOVED: u8 = 4;

    /// Came from elsewhere; which way is the index of a displacement.
    pub(crate) fn moved(index: u8) -> Self {
        Self(Self::FIRST_MOVED.saturating_add(index))
    }

    /// The index of the displacement, of a block that moved.
    pub(crate) fn shift(self) -> Option<u8> {
        self.0.checked_sub(Self::FIRST_MOVED)
    }
}

/// A rectangle of blocks; the ends are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

impl Blocks {
    pub(crate) const NONE: Self = Self { left: usize::MAX, top: usize::MAX, right: 0, bottom: 0 };

    pub(crate) fn add(&mut self, x: usize, y: usize) {
        self.left = self.left.min(x);
        self.top = self.top.min(y);
        self.right = self.right.max(x + 1);
        self.bottom = self.bottom.max(y + 1);
    }

    pub(crate) fn has(&self, x: usize, y: usize) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }
}

/// A displacement: where it is now, less where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shift {
    pub(crate) dx: i32,
    pub(crate) dy: i32,
}

/// All blocks of a picture. Rows and columns that only partly exist count as blocks too.
#[derive(Debug)]
pub(crate) struct Grid {
    width: usize,
    height: usize,
    columns: usize,
    blocks: Vec<Block>,
    /// The colour of still blocks that have only one. Of undamaged ones nothing is known.
    colours: Vec<Option<u8>>,
    /// Per row: from the first to behind the last damaged column.
    extents: Vec<(usize, usize)>,
    pub(crate) damaged: usize,
    pub(crate) changed: usize,
}

impl Grid {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        Self {
            width,
            height,
            columns,
            blocks: vec![Block::UNDAMAGED; columns * rows],
            colours: vec![None; columns * rows],
            extents: vec![(usize::MAX, 0); rows],
            damaged: 0,
            changed: 0,
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn rows(&self) -> usize {
        self.extents.len()
    }

    pub(crate) fn get(&self, x: usize, y: usize) -> Block {
        self.blocks[y * self.columns + x]
    }

    pub(crate) fn set(&mut self, x: usize, y: usize, block: Block) {
        self.blocks[y * self.columns + x] = block;
    }

    /// The blocks of a row, as far as there is damage, and the column of the first of them.
    pub(crate) fn damaged_row(&self, y: usize) -> (usize, &[Block]) {
        let (from, to) = self.extents[y];
        if from >= to { (0, &[]) } else { (from, &self.blocks[y * self.columns..][from..to]) }
    }

    /// The pixels of a block, or of the part of it that exists.
    pub(crate) fn area(&self, blocks: &Blocks) -> Area {
        let (x, y) = (blocks.left * BLOCK, blocks.top * BLOCK);
        let (right, bottom) = ((blocks.right * BLOCK).min(self.width), (blocks.bottom * BLOCK).min(self.height));
        Area { x, y, width: right - x, height: bottom - y }
    }

    /// Forgets the last pictures and marks what is damaged now; what lies outside of the picture is cut off.
    pub(crate) fn mark(&mut self, damage: &[Area]) {
        self.clear();
        for area in damage {
            let right = area.x.saturating_add(area.width).min(self.width);
            let bottom = area.y.saturating_add(area.height).min(self.height);
            if area.x < right && area.y < bottom {
                for y in area.y / BLOCK..bottom.div_ceil(BLOCK) {
                    self.mark_row(y, area.x / BLOCK, right.div_ceil(BLOCK));
                }
            }
        }
    }

    fn mark_row(&mut self, y: usize, left: usize, right: usize) {
        let (from, to) = &mut self.extents[y];
        (*from, *to) = ((*from).min(left), (*to).max(right));
        let row = &mut self.blocks[y * self.columns..][left..right];
        self.damaged += row.iter().filter(|&&block| block == Block::UNDAMAGED).count();
        row.fill(Block::DAMAGED);
    }

    fn clear(&mut self) {
        for (y, extent) in self.extents.iter_mut().enumerate() {
            let (from, to) = std::mem::replace(extent, (usize::MAX, 0));
            if from < to {
                self.blocks[y * self.columns..][from..to].fill(Block::UNDAMAGED);
                self.colours[y * self.columns..][from..to].fill(None);
            }
        }
        (self.damaged, self.changed) = (0, 0);
    }

    /// Tells what changed from what was only reported.
    pub(crate) fn compare(&mut self, kernels: Kernels, old: &Plane<'_>, new: &Plane<'_>) {
        for y in 0..self.rows() {
            let (mut x, to) = self.extents[y];
            while let Some((from, end)) = self.next_run(y, x, to, Block::DAMAGED) {
                let equal = self.equal(kernels, old, new, (from, end), y, Shift::default());
                self.changed += end - from - equal.blocks.count_ones() as usize;
                let start = y * self.columns + from;
                for (column, block) in self.blocks[start..][..end - from].iter_mut().enumerate() {
                    let still = equal.blocks >> column & 1 == 1;
                    *block = if still { Block::STILL } else { Block::CHANGED };
                }
                for column in bits(equal.blank) {
                    self.colours[start + column] = Some(new.from((from + column) * BLOCK, y * BLOCK)[0]);
                }
                x = end;
            }
        }
    }

    /// Takes over what changed of what was reported. What did not is compared with itself, which tells its colour.
    pub(crate) fn believe(&mut self, kernels: Kernels, new: &Plane<'_>, changed: impl Fn(usize, usize) -> bool) {
        for y in 0..self.rows() {
            let (from, to) = self.extents[y];
            for x in from..to {
                let block = &mut self.blocks[y * self.columns + x];
                if *block == Block::DAMAGED {
                    *block = if changed(x, y) { Block::CHANGED } else { Block::STILL };
                    self.changed += usize::from(*block == Block::CHANGED);
                }
            }
            let mut x = from;
            while let Some((from, end)) = self.next_run(y, x, to, Block::STILL) {
                let blank = self.equal(kernels, new, new, (from, end), y, Shift::default()).blank;
                for column in bits(blank).map(|column| from + column) {
                    self.colours[y * self.columns + column] = Some(new.from(column * BLOCK, y * BLOCK)[0]);
                }
                x = end;
            }
        }
    }

    /// The next blocks in a row, from `x` on and before `to`, that are all `wanted`.
    pub(crate) fn next_run(&self, y: usize, x: usize, to: usize, wanted: Block) -> Option<(usize, usize)> {
        let row = &self.blocks[y * self.columns..][..self.columns];
        let from = (x..to).find(|&x| row[x] == wanted)?;
        let limit = to.min(from + MAX_RUN);
        Some((from, (from..limit).find(|&x| row[x] != wanted).unwrap_or(limit)))
    }

    /// Whether a block is blank, and so is all that it covers where `shift` says it came from. Known without a look at
    /// the pictures, so `false` may just mean that it is not known.
    pub(crate) fn known_blank(&self, x: usize, y: usize, shift: Shift) -> bool {
        let colour = self.colours[y * self.columns + x];
        let whole = (x + 1) * BLOCK <= self.width && (y + 1) * BLOCK <= self.height;
        let left = source(x * BLOCK, shift.dx, BLOCK, self.width);
        let top = source(y * BLOCK, shift.dy, BLOCK, self.height);
        let (true, true, Some(left), Some(top)) = (whole, colour.is_some(), left, top) else { return false };
        let blocks = |start: usize| start / BLOCK..(start + BLOCK).div_ceil(BLOCK);
        blocks(top).all(|y| blocks(left).all(|x| self.colours[y * self.columns + x] == colour))
    }

    /// Which blocks of a run equal the old picture where `shift` says they came from. None whose source is not wholly
    /// inside of the picture.
    pub(crate) fn equal(
        &self,
        kernels: Kernels,
        old: &Plane<'_>,
        new: &Plane<'_>,
        (from, to): (usize, usize),
        y: usize,
        shift: Shift,
    ) -> Equal {
        let mut equal = Equal::default();
        let rows = BLOCK.min(self.height - y * BLOCK);
        let inside = |x: &usize| source(x * BLOCK, shift.dx, BLOCK.min(self.width - x * BLOCK), self.width);
        let Some(source_y) = source(y * BLOCK, shift.dy, rows, self.height) else { return equal };
        let Some(first) = (from..to).find(|x| inside(x).is_some()) else { return equal };
        let Some(source_x) = inside(&first) else { return equal };
        let end = (first..to).find(|x| inside(x).is_none()).unwrap_or(to);
        let whole = end.min(self.width / BLOCK);
        if first < whole {
            let one = Corner { pixels: new.from(first * BLOCK, y * BLOCK), stride: new.stride() };
            let other = Corner { pixels: old.from(source_x, source_y), stride: old.stride() };
            equal.add(first - from, kernels.compare(one, other, whole - first, rows));
        }
        if whole < end {
            let width = self.width - whole * BLOCK;
            let (now, before) = (whole * BLOCK, source_x + (whole - first) * BLOCK);
            let same = |row: usize| new.row(now, y * BLOCK + row, width) == old.row(before, source_y + row, width);
            equal.add(whole - from, Equal { blocks: u64::from((0..rows).all(same)), blank: 0 });
        }
        equal
    }
}

/// The positions of the bits that are set.
pub(crate) fn bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = (bits != 0).then_some(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(next)
    })
}

/// Where `length` pixels from `start` on came from, if that is inside of a picture of `limit` pixels.
fn source(start: usize, shift: i32, length: usize, limit: usize) -> Option<usize> {
    let from = start.checked_add_signed(-isize::try_from(shift).ok()?)?;
    (from.checked_add(length)? <= limit).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::{Block, Grid, source};
    use crate::plane::Area;

    #[test]
    fn damage_marks_every_block_that_it_touches_and_is_cut_at_the_edges() {
        let mut grid = Grid::new(100, 40);
        grid.mark(&[Area::new(15, 15, 2, 2), Area::new(90, 30, usize::MAX, usize::MAX), Area::new(500, 0, 5, 5)]);
        assert_eq!(grid.damaged, 4 + 4);
        assert_eq!(grid.get(6, 2), Block::DAMAGED);
        grid.mark(&[Area::new(3, 3, 0, 9)]);
        assert_eq!((grid.damaged, grid.get(6, 2)), (0, Block::UNDAMAGED));
    }

    #[test]
    fn a_source_lies_wholly_inside() {
        assert_eq!(source(16, 16, 16, 64), Some(0));
        assert_eq!(source(16, 17, 16, 64), None);
        assert_eq!(source(32, -16, 16, 64), Some(48));
        assert_eq!(source(32, -17, 16, 64), None);
    }
}
