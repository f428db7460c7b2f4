//! What an access unit holds: clause 7.4.1.2.3 (order of NAL units) and 7.3.3 (first field of a slice header).

use lunette_frame::{Size, UnitKind};

use crate::{H264Error, Nal, NalType, Sps, annexb};

/// What one access unit holds, read without decoding anything: one search for start codes, and the SPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessUnitFacts {
    /// Whether it has slices and all of them belong to an IDR picture.
    pub is_idr: bool,
    /// What the last SPS ahead of the first slice says.
    pub sps: Option<SpsFacts>,
    /// Whether a PPS comes ahead of the first slice.
    pub has_pps: bool,
    /// Slices of the primary picture, or pictures.
    pub slices: usize,
    /// Slices that begin with the first macroblock: one per picture, or per field.
    pub first_slices: usize,
    /// Whether the first slice begins with the first macroblock.
    starts_with_first: bool,
}

/// What an SPS says about every picture after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpsFacts {
    /// Size that a viewer shows.
    pub visible: Size,
    /// Size that is coded, in whole macroblocks.
    pub coded: Size,
    /// Whether it promises that no picture waits for a later one.
    pub is_low_delay: bool,
}

impl AccessUnitFacts {
    /// Reads an access unit in Annex B form.
    ///
    /// # Errors
    /// When it does not begin with a start code, holds no NAL unit, or its SPS does not parse.
    pub fn inspect(data: &[u8]) -> Result<Self, H264Error> {
        let mut facts =
            Self { is_idr: true, sps: None, has_pps: false, slices: 0, first_slices: 0, starts_with_first: false };
        let mut units = annexb::units(data)?.peekable();
        units.peek().ok_or(H264Error::Empty("the access unit"))?;
        for nal in units {
            facts.add(nal)?;
        }
        facts.is_idr &= facts.slices > 0;
        Ok(facts)
    }

    /// Whether an SPS comes ahead of the first slice.
    #[must_use]
    pub const fn has_sps(&self) -> bool {
        self.sps.is_some()
    }

    /// Whether a decoder can start here: an IDR picture behind its SPS and PPS.
    #[must_use]
    pub const fn kind(&self) -> UnitKind {
        if self.is_idr && self.has_sps() && self.has_pps { UnitKind::Idr } else { UnitKind::Delta }
    }

    /// Whether the slices can all belong to one frame picture: the first, and no other, begins with the first
    /// macroblock. False for two pictures run together, for a picture whose start was cut off, and for field pairs.
    #[must_use]
    pub const fn is_one_picture(&self) -> bool {
        self.first_slices == 1 && self.starts_with_first
    }

    fn add(&mut self, nal: Nal<'_>) -> Result<(), H264Error> {
        let kind = nal.kind();
        if kind.has_slice_header() {
            self.add_slice(nal);
        } else if self.slices == 0 && kind == NalType::Sps {
            self.sps = Some(SpsFacts::of(&Sps::parse(nal.bytes())?));
        } else if self.slices == 0 && kind == NalType::Pps {
            self.has_pps = true;
        }
        Ok(())
    }

    fn add_slice(&mut self, nal: Nal<'_>) {
        // first_mb_in_slice comes first, and 0 is the one Exp-Golomb code that begins with a one bit.
        let is_first = nal.payload().first().is_some_and(|byte| byte & 0x80 != 0);
        self.starts_with_first |= self.slices == 0 && is_first;
        self.is_idr &= nal.kind() == NalType::IdrSlice;
        self.slices += 1;
        self.first_slices += usize::from(is_first);
    }
}

impl SpsFacts {
    fn of(sps: &Sps) -> Self {
        Self { visible: sps.visible_size(), coded: sps.coded_size(), is_low_delay: sps.is_low_delay() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        nals.iter().filter_map(|bytes| Nal::new(bytes)).for_each(|nal| annexb::push(nal, &mut out));
        out
    }

    fn facts(nals: &[&[u8]]) -> AccessUnitFacts {
        AccessUnitFacts::inspect(&unit(nals)).expect("well formed")
    }

    const FIRST: &[u8] = &[0x41, 0x9a, 1];
    const LATER: &[u8] = &[0x41, 0x40, 1];
    const IDR: &[u8] = &[0x65, 0x88, 1];
    const PPS: &[u8] = &[0x68, 0xce];

    #[test]
    fn slices_of_one_picture_start_once() {
        let one = facts(&[FIRST, LATER, LATER]);
        assert_eq!((one.slices, one.first_slices, one.is_one_picture()), (3, 1, true));
        assert!(!facts(&[FIRST, FIRST]).is_one_picture(), "two pictures run together");
        assert!(!facts(&[LATER, LATER]).is_one_picture(), "the start was cut off");
        assert!(!facts(&[LATER, FIRST]).is_one_picture(), "the end of one picture, then another");
        assert!(!facts(&[&[9, 0x10]]).is_one_picture(), "no slice");
    }

    #[test]
    fn an_idr_picture_without_parameter_sets_is_no_start() {
        let bare = facts(&[IDR]);
        assert!(bare.is_idr && !bare.has_sps() && !bare.has_pps);
        assert_eq!(bare.kind(), UnitKind::Delta);
        assert!(!facts(&[PPS]).is_idr, "parameter sets alone are no picture");
        assert!(!facts(&[IDR, FIRST]).is_idr, "a mixture is no IDR picture");
    }

    #[test]
    fn parameter_sets_after_the_picture_do_not_count() {
        assert!(facts(&[PPS, IDR]).has_pps);
        assert!(!facts(&[IDR, PPS]).has_pps);
    }

    #[test]
    fn a_unit_that_is_not_annex_b_is_an_error() {
        let avcc = [0, 0, 0, 3, 0x65, 0x88, 1];
        assert_eq!(AccessUnitFacts::inspect(&avcc), Err(H264Error::NoStartCode { offset: 3, byte: 3 }));
        assert_eq!(AccessUnitFacts::inspect(&[0, 0, 1]), Err(H264Error::Empty("the access unit")));
    }
}
