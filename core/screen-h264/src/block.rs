//! The samples of one macroblock, packed: what every kernel works on.

/// 16 rows of 16 luma samples, then 8 rows of 8 Cb and 8 Cr samples.
///
/// So both are six *strips* of four rows of 16 bytes: four blocks of 4x4 side by side. Strips 0 to 3 are luma; of the
/// two blocks on the left of strips 4 and 5 are Cb, the two on the right Cr.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Block(pub(crate) [u8; Block::BYTES]);

impl Block {
    /// Luma samples.
    pub(crate) const LUMA: usize = 256;
    /// All samples.
    pub(crate) const BYTES: usize = 384;

    pub(crate) const fn new() -> Self {
        Self([0; Self::BYTES])
    }

    /// Luma, row after row.
    #[inline]
    pub(crate) fn luma(&self) -> &[u8; Self::LUMA] {
        let (luma, _) = self.0.split_first_chunk().expect("luma comes first");
        luma
    }

    /// Luma, row after row.
    #[inline]
    pub(crate) fn luma_mut(&mut self) -> &mut [u8; Self::LUMA] {
        let (luma, _) = self.0.split_first_chunk_mut().expect("luma comes first");
        luma
    }

    /// Chroma: Cb and Cr of each row.
    #[inline]
    pub(crate) fn chroma(&self) -> &[u8; 128] {
        let (_, chroma) = self.0.split_last_chunk().expect("chroma comes last");
        chroma
    }

    /// Chroma: Cb and Cr of each row.
    #[inline]
    pub(crate) fn chroma_mut(&mut self) -> &mut [u8; 128] {
        let (_, chroma) = self.0.split_last_chunk_mut().expect("chroma comes last");
        chroma
    }

    /// A strip of four rows.
    #[inline]
    pub(crate) fn strip(&self, strip: usize) -> &[u8; 64] {
        &self.0.as_chunks().0[strip]
    }

    /// A strip of four rows.
    #[inline]
    pub(crate) fn strip_mut(&mut self, strip: usize) -> &mut [u8; 64] {
        &mut self.0.as_chunks_mut().0[strip]
    }

    /// Row `y` of luma, or of chroma from 16 on.
    #[inline]
    pub(crate) fn row(&self, y: usize) -> &[u8; 16] {
        &self.0.as_chunks().0[y]
    }
}
