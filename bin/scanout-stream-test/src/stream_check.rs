//! Whether a stream is what the protocol promises, as far as that shows without decoding.

use lunette_frame::UnitKind;
use lunette_h264::{AccessUnitFacts, H264Error, NalType, Sps, annexb};
use lunette_wire::hxfr::{FrameResponse, Nanos};
use serde::Serialize;

/// Looks at every picture of one subscription, in order.
#[derive(Debug, Clone, Default)]
pub struct StreamCheck {
    tally: StreamTally,
    last_pts: Option<Nanos>,
    any: bool,
}

/// What is wrong with a stream, and what its last SPS says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StreamTally {
    /// The last SPS.
    pub sps: Option<SpsSummary>,
    /// Times that an SPS differed from the one before.
    pub sps_changes: u64,
    /// Whether the first picture was no keyframe.
    pub started_without_keyframe: bool,
    /// IDR pictures without SPS and PPS in front.
    pub idr_without_sps_pps: u64,
    /// Pictures whose keyframe flag is not what the picture is.
    pub wrong_keyframe_flag: u64,
    /// Pictures whose capture time is not after that of the picture before.
    pub pts_not_increasing: u64,
    /// Pictures without a capture time.
    pub pts_missing: u64,
    /// Access units that do not parse.
    pub malformed: u64,
    /// What the first of those has.
    pub malformed_because: Option<String>,
    /// Access units that do not hold exactly one picture.
    pub not_one_picture: u64,
    /// Messages whose number of blobs is not 1: allowed to clients, but old subscribers fail on them.
    pub nal_count_not_one: u64,
}

/// What an SPS says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpsSummary {
    /// Pixels per row that a viewer shows.
    pub width: u32,
    /// Rows that a viewer shows.
    pub height: u32,
    /// Pixels per row that are coded.
    pub coded_width: u32,
    /// Rows that are coded.
    pub coded_height: u32,
    /// The profile's name.
    pub profile: String,
    /// The level, such as `4.0`.
    pub level: String,
    /// The name that browsers give the stream, such as `avc1.42c028`.
    pub codec: String,
    /// Pictures that may wait for later ones; `None` when the SPS does not say, and decoders must assume the most.
    pub reorder: Option<u8>,
}

impl StreamCheck {
    /// Looks at the next picture; returns what kind it is.
    ///
    /// What does not parse counts as what its keyframe flag says.
    pub fn add(&mut self, frame: &FrameResponse, unit: &[u8]) -> UnitKind {
        self.check_pts(frame.pts);
        self.tally.nal_count_not_one += u64::from(frame.nals.count() != 1);
        let kind = self.inspect(frame.kind, unit).unwrap_or_else(|error| {
            self.tally.malformed += 1;
            self.tally.malformed_because.get_or_insert_with(|| error.to_string());
            frame.kind
        });
        if !self.any {
            self.tally.started_without_keyframe = kind == UnitKind::Delta;
        }
        self.any = true;
        kind
    }

    /// The tally so far.
    #[must_use]
    pub const fn tally(&self) -> &StreamTally {
        &self.tally
    }

    fn check_pts(&mut self, pts: Option<Nanos>) {
        let Some(pts) = pts else {
            self.tally.pts_missing += 1;
            return;
        };
        self.tally.pts_not_increasing += u64::from(self.last_pts.is_some_and(|last| pts <= last));
        self.last_pts = Some(pts);
    }

    fn inspect(&mut self, flag: UnitKind, unit: &[u8]) -> Result<UnitKind, H264Error> {
        let facts = AccessUnitFacts::inspect(unit)?;
        let whole_idr = facts.kind() == UnitKind::Idr;
        self.tally.not_one_picture += u64::from(!facts.is_one_picture());
        self.tally.idr_without_sps_pps += u64::from(facts.is_idr && !whole_idr);
        self.tally.wrong_keyframe_flag += u64::from(facts.is_idr != (flag == UnitKind::Idr));
        if facts.has_sps() {
            self.note_sps(unit)?;
        }
        Ok(if facts.is_idr { UnitKind::Idr } else { UnitKind::Delta })
    }

    fn note_sps(&mut self, unit: &[u8]) -> Result<(), H264Error> {
        let ahead = annexb::units(unit)?.take_while(|nal| !nal.kind().is_picture());
        let Some(nal) = ahead.filter(|nal| nal.kind() == NalType::Sps).last() else { return Ok(()) };
        let sps = Some(SpsSummary::of(&Sps::parse(nal.bytes())?));
        self.tally.sps_changes += u64::from(self.tally.sps.is_some() && self.tally.sps != sps);
        self.tally.sps = sps;
        Ok(())
    }
}

impl StreamTally {
    /// Everything that the protocol forbids, in words; empty for a good stream.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let counted = [
            (u64::from(self.started_without_keyframe), "the stream does not start with a keyframe"),
            (self.idr_without_sps_pps, "IDR pictures without SPS and PPS"),
            (self.wrong_keyframe_flag, "pictures with the wrong keyframe flag"),
            (self.pts_not_increasing, "capture times that are not after the one before"),
            (self.pts_missing, "pictures without a capture time"),
            (self.malformed, "access units that do not parse"),
            (self.not_one_picture, "access units that do not hold exactly one picture"),
        ];
        let present = counted.iter().filter(|(count, _)| *count > 0);
        let mut faults: Vec<_> = present.map(|(count, what)| format!("{what}: {count}")).collect();
        faults.extend(self.malformed_because.iter().map(|why| format!("the first that does not parse: {why}")));
        match &self.sps {
            Some(SpsSummary { reorder: None, .. }) => faults.push("the SPS does not rule out reordering".to_owned()),
            Some(SpsSummary { reorder: Some(n @ 1..), .. }) => {
                faults.push(format!("the SPS lets {n} pictures wait for later ones"));
            }
            _ => {}
        }
        faults
    }
}

impl SpsSummary {
    fn of(sps: &Sps) -> Self {
        let (visible, coded) = (sps.visible_size(), sps.coded_size());
        let is_constrained_baseline = sps.profile.0 == 66 && sps.constraints.is_set(1);
        Self {
            width: visible.width,
            height: visible.height,
            coded_width: coded.width,
            coded_height: coded.height,
            profile: format!("{}{}", if is_constrained_baseline { "Constrained " } else { "" }, sps.profile),
            level: if sps.is_level_1b() { "1b".to_owned() } else { sps.level.to_string() },
            codec: sps.codec_string(),
            reorder: sps.vui.as_ref().and_then(|vui| vui.restriction).map(|limits| limits.max_num_reorder_frames),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// An SPS of 640x480 without VUI, a PPS, a slice of an IDR picture, one of another, and one that starts later.
    const SPS: &[u8] = &[0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40];
    const PPS: &[u8] = &[0, 0, 0, 1, 0x68, 0xce, 0x38, 0x80];
    const IDR: &[u8] = &[0, 0, 0, 1, 0x65, 0x88, 0x84];
    const P: &[u8] = &[0, 0, 0, 1, 0x41, 0x9a, 0x02];
    const CUT: &[u8] = &[0, 0, 0, 1, 0x41, 0x40, 0x02];

    fn check(pictures: &[(i64, UnitKind, &[&[u8]])]) -> StreamTally {
        let mut check = StreamCheck::default();
        for (pts, kind, nals) in pictures {
            let unit = Bytes::from(nals.concat());
            let pts = Nanos::from_wire(*pts);
            check.add(
                &FrameResponse { pts, dts: pts, kind: *kind, kept: false, coarse: false, nals: unit.clone().into() },
                &unit,
            );
        }
        check.tally().clone()
    }

    #[test]
    fn a_good_stream_has_only_the_fault_of_its_sps() {
        let tally = check(&[(5, UnitKind::Idr, &[SPS, PPS, IDR]), (6, UnitKind::Delta, &[P])]);
        assert_eq!(tally.faults(), ["the SPS does not rule out reordering"]);
        let sps = tally.sps.expect("one came");
        assert_eq!((sps.width, sps.height, sps.codec.as_str()), (640, 480, "avc1.42c01e"));
        assert_eq!((sps.profile.as_str(), sps.level.as_str()), ("Constrained Baseline", "3.0"));
    }

    #[test]
    fn an_idr_without_parameter_sets_is_a_fault_each_time() {
        let tally =
            check(&[(1, UnitKind::Idr, &[SPS, PPS, IDR]), (2, UnitKind::Idr, &[IDR]), (3, UnitKind::Idr, &[SPS, IDR])]);
        assert_eq!(tally.idr_without_sps_pps, 2);
    }

    #[test]
    fn capture_times_must_increase_strictly() {
        let tally = check(&[5, 5, 4, 9, -1, 10].map(|pts| (pts, UnitKind::Delta, &[P] as &[&[u8]])));
        assert_eq!((tally.pts_not_increasing, tally.pts_missing), (2, 1));
    }

    #[test]
    fn flags_and_starts_are_compared_with_the_picture() {
        let tally = check(&[(1, UnitKind::Idr, &[P]), (2, UnitKind::Delta, &[SPS, PPS, IDR])]);
        assert!(tally.started_without_keyframe);
        assert_eq!(tally.wrong_keyframe_flag, 2);
    }

    #[test]
    fn units_that_are_no_single_picture_are_counted() {
        let avcc: &[u8] = &[0, 0, 0, 3, 0x41, 0x9a, 2];
        let tally = check(&[
            (1, UnitKind::Delta, &[P, P]),
            (2, UnitKind::Delta, &[CUT]),
            (3, UnitKind::Delta, &[avcc]),
            (4, UnitKind::Delta, &[]),
        ]);
        assert_eq!((tally.not_one_picture, tally.malformed), (2, 2));
        assert!(tally.malformed_because.is_some());
    }

    #[test]
    fn several_blobs_are_noted_and_no_fault() {
        let nals = [SPS, PPS, IDR].map(Bytes::from_static).into_iter().collect();
        let pts = Nanos::from_wire(1);
        let frame = FrameResponse { pts, dts: pts, kind: UnitKind::Idr, kept: false, coarse: false, nals };
        let mut check = StreamCheck::default();
        assert_eq!(check.add(&frame, &frame.nals.access_unit()), UnitKind::Idr);
        assert_eq!(check.tally().nal_count_not_one, 1);
        assert_eq!(check.tally().faults().len(), 1, "only that of the SPS");
    }
}
