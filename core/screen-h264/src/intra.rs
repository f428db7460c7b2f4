//! Intra prediction of whole macroblocks: clauses 8.3.3 (Intra_16x16) and 8.3.4 (chroma).

use crate::picture::Band;

/// The samples next to a macroblock, as reconstructed.
#[derive(Debug)]
pub(crate) struct Edges {
    pub(crate) has_left: bool,
    pub(crate) has_above: bool,
    /// Whether the four samples above on the right are there.
    pub(crate) has_right: bool,
    /// Luma above, and the first four of the macroblock on its right.
    pub(crate) above: [u8; 20],
    pub(crate) left: [u8; 16],
    pub(crate) corner: u8,
    /// Cb, then Cr.
    pub(crate) chroma_above: [u8; 16],
    pub(crate) chroma_left: [[u8; 8]; 2],
    chroma_corner: [u8; 2],
}

impl Edges {
    pub(crate) const fn new() -> Self {
        Self {
            has_left: false,
            has_above: false,
            has_right: false,
            above: [0; 20],
            left: [0; 16],
            corner: 0,
            chroma_above: [0; 16],
            chroma_left: [[0; 8]; 2],
            chroma_corner: [0; 2],
        }
    }

    /// Reads them; the band starts where the slice does.
    pub(crate) fn load(&mut self, band: &Band<'_>, x: usize, y: usize) {
        let stride = band.stride;
        let (luma, chroma) = band.start(x, y);
        (self.has_left, self.has_above) = (x > 0, y > 0);
        self.has_right = y > 0 && (x + 1) * 16 < stride;
        if self.has_above {
            let above = luma - stride;
            self.above[..16].copy_from_slice(&band.luma[above..][..16]);
            if self.has_right {
                self.above[16..].copy_from_slice(&band.luma[above + 16..][..4]);
            }
            for (part, at) in self.chroma_above.as_chunks_mut::<8>().0.iter_mut().zip(chroma) {
                part.copy_from_slice(&band.chroma[at - stride..][..8]);
            }
        }
        if self.has_left {
            for (row, sample) in self.left.iter_mut().enumerate() {
                *sample = band.luma[luma + row * stride - 1];
            }
            for (samples, at) in self.chroma_left.iter_mut().zip(chroma) {
                for (row, sample) in samples.iter_mut().enumerate() {
                    *sample = band.chroma[at + row * stride - 1];
                }
            }
        }
        if self.has_left && self.has_above {
            self.corner = band.luma[luma - stride - 1];
            self.chroma_corner = chroma.map(|at| band.chroma[at - stride - 1]);
        }
    }
}

/// `Intra16x16PredMode`, table 8-4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LumaMode {
    Vertical = 0,
    Horizontal = 1,
    Dc = 2,
    Plane = 3,
}

impl LumaMode {
    pub(crate) fn is_possible(self, edges: &Edges) -> bool {
        match self {
            Self::Vertical => edges.has_above,
            Self::Horizontal => edges.has_left,
            Self::Dc => true,
            Self::Plane => edges.has_above && edges.has_left,
        }
    }

    /// Fills luma with the prediction.
    pub(crate) fn predict(self, edges: &Edges, luma: &mut [u8; 256]) {
        let rows = luma.as_chunks_mut::<16>().0;
        let (above, _) = edges.above.split_first_chunk::<16>().expect("16 samples above");
        match self {
            Self::Vertical => rows.fill(*above),
            Self::Horizontal => rows.iter_mut().zip(edges.left).for_each(|(row, left)| row.fill(left)),
            Self::Dc => rows.fill([edges.luma_mean(); 16]),
            Self::Plane => {
                let across = (5 * slope(edges.corner, above) + 32) >> 6;
                let down = (5 * slope(edges.corner, &edges.left) + 32) >> 6;
                fill_plane(rows, (across, down), [above[15], edges.left[15]], 7);
            }
        }
    }
}

/// `intra_chroma_pred_mode`, table 8-5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChromaMode {
    Dc = 0,
    Horizontal = 1,
    Vertical = 2,
    Plane = 3,
}

impl ChromaMode {
    pub(crate) fn is_possible(self, edges: &Edges) -> bool {
        match self {
            Self::Dc => true,
            Self::Horizontal => edges.has_left,
            Self::Vertical => edges.has_above,
            Self::Plane => edges.has_above && edges.has_left,
        }
    }

    /// Fills both parts of chroma with the prediction.
    pub(crate) fn predict(self, edges: &Edges, chroma: &mut [u8; 128]) {
        let rows = chroma.as_chunks_mut::<16>().0;
        if self == Self::Dc {
            let [upper, lower] = edges.chroma_means();
            rows[..4].fill(upper);
            return rows[4..].fill(lower);
        }
        if self == Self::Vertical {
            return rows.fill(edges.chroma_above);
        }
        for (plane, left) in edges.chroma_left.iter().enumerate() {
            let part = rows.iter_mut().map(|row| &mut row.as_chunks_mut::<8>().0[plane]);
            let above = &edges.chroma_above.as_chunks::<8>().0[plane];
            if self == Self::Horizontal {
                part.zip(left).for_each(|(row, left)| row.fill(*left));
            } else {
                let corner = edges.chroma_corner[plane];
                let across = (34 * slope(corner, above) + 32) >> 6;
                let down = (34 * slope(corner, left) + 32) >> 6;
                fill_plane(part, (across, down), [above[7], left[7]], 3);
            }
        }
    }
}

impl Edges {
    /// What DC predicts of luma.
    pub(crate) fn luma_mean(&self) -> u8 {
        let above = self.above.first_chunk::<16>().expect("16 samples above");
        mean(self.has_above.then_some(above), self.has_left.then_some(&self.left))
    }

    /// What DC predicts of the upper four rows of chroma, and of the lower ones. Off the diagonal, the one edge that touches
    /// a block of 4x4 comes first (8.3.4.1 to 8.3.4.3).
    pub(crate) fn chroma_means(&self) -> [[u8; 16]; 2] {
        let mut rows = [[0; 16]; 2];
        let above = self.chroma_above.as_chunks::<4>().0;
        for plane in 0..2 {
            let left = self.chroma_left[plane].as_chunks::<4>().0;
            for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let above = self.has_above.then_some(&above[2 * plane + x]);
                let left = self.has_left.then_some(&left[y]);
                let value = match (x, y) {
                    (1, 0) if above.is_some() => mean(above, None),
                    (0, 1) if left.is_some() => mean(None, left),
                    _ => mean(above, left),
                };
                rows[y].as_chunks_mut::<4>().0[2 * plane + x] = [value; 4];
            }
        }
        rows
    }
}

/// The rounded mean of the edges that are there; the middle of the range without any. `N` is a power of two.
#[inline]
fn mean<const N: usize>(above: Option<&[u8; N]>, left: Option<&[u8; N]>) -> u8 {
    let sum = |edge: &[u8; N]| edge.iter().map(|sample| u16::from(*sample)).sum::<u16>();
    let half = const { 1 << (N.ilog2() - 1) };
    let [low, _] = match (above, left) {
        (Some(above), Some(left)) => (sum(above) + sum(left) + 2 * half) >> (N.ilog2() + 1),
        (Some(edge), None) | (None, Some(edge)) => (sum(edge) + half) >> N.ilog2(),
        (None, None) => 128,
    }
    .to_le_bytes();
    low
}

/// Weighted differences of an edge's samples around its middle; the first one's partner is the corner.
fn slope(corner: u8, edge: &[u8]) -> i32 {
    let half = edge.len() / 2;
    let before = |step: usize| if step == half { corner } else { edge[half - 1 - step] };
    (1..)
        .zip(1..=half)
        .map(|(weight, step)| weight * (i32::from(edge[half - 1 + step]) - i32::from(before(step))))
        .sum()
}

/// Fills rows with a plane that has the mean of its far corners in the middle.
fn fill_plane<'a, const N: usize>(
    rows: impl IntoIterator<Item = &'a mut [u8; N]>,
    (across, down): (i32, i32),
    corners: [u8; 2],
    middle: i32,
) {
    let base = 16 * corners.into_iter().map(i32::from).sum::<i32>() + 16 - middle * (across + down);
    for (row, start) in rows.into_iter().zip((0..).map(|y| base + y * down)) {
        for (sample, value) in row.iter_mut().zip((0..).map(|x| (start + x * across) >> 5)) {
            let [low, ..] = value.clamp(0, 255).to_le_bytes();
            *sample = low;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Edges {
        let mut edges = Edges::new();
        (edges.has_left, edges.has_above) = (true, true);
        edges.above.iter_mut().zip(1..).for_each(|(sample, n)| *sample = 50 + 2 * n);
        edges.left.iter_mut().zip(1..).for_each(|(sample, n)| *sample = 50 + 3 * n);
        edges.corner = 50;
        edges
    }

    #[test]
    fn a_plane_goes_on_as_its_edges_do() {
        let mut luma = [0; 256];
        LumaMode::Plane.predict(&ramp(), &mut luma);
        for (index, sample) in luma.into_iter().enumerate() {
            let wanted = 50 + 2 * (index % 16 + 1) + 3 * (index / 16 + 1);
            assert!(usize::from(sample).abs_diff(wanted) <= 1, "{index}: {sample}, not {wanted}");
        }
    }

    #[test]
    fn dc_without_edges_is_the_middle() {
        let (mut luma, mut chroma) = ([0; 256], [0; 128]);
        LumaMode::Dc.predict(&Edges::new(), &mut luma);
        ChromaMode::Dc.predict(&Edges::new(), &mut chroma);
        assert!(luma.iter().chain(&chroma).all(|sample| *sample == 128));
    }

    #[test]
    fn chroma_dc_follows_the_edge_that_touches_a_block() {
        let mut edges = Edges::new();
        (edges.has_left, edges.has_above) = (true, true);
        edges.chroma_above[..8].copy_from_slice(&[10, 10, 10, 10, 20, 20, 20, 20]);
        edges.chroma_left[0] = [30, 30, 30, 30, 40, 40, 40, 40];
        let mut chroma = [0; 128];
        ChromaMode::Dc.predict(&edges, &mut chroma);
        assert_eq!([chroma[0], chroma[4], chroma[64], chroma[68]], [20, 20, 40, 30]);
        edges.has_above = false;
        ChromaMode::Dc.predict(&edges, &mut chroma);
        assert_eq!([chroma[0], chroma[4], chroma[64], chroma[68]], [30, 30, 40, 40]);
    }
}
