//! The decoder configuration record ("avcC"): ISO/IEC 14496-15, clause 5.3.3.1.

use crate::{H264Error, LengthSize, MAX_PARAMETER_SET, Nal, NalType, Profile, Sps, annexb, avcc};

/// The parameter sets that a length-prefixed stream carries outside its samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcConfig {
    length_size: LengthSize,
    first: Sps,
    sps: Vec<Vec<u8>>,
    pps: Vec<Vec<u8>>,
    sps_extensions: Vec<Vec<u8>>,
}

impl AvcConfig {
    /// Most SPSs: the count has five bits.
    pub const MAX_SPS: usize = 31;
    /// Most PPSs, and most SPS extensions: the counts have eight bits.
    pub const MAX_PPS: usize = 255;

    /// A record of these NAL units, headers included, start codes excluded.
    ///
    /// # Errors
    /// When a unit is not what its list says, a list is empty or too long, or the first SPS does not parse.
    pub fn new(length_size: LengthSize, sps: Vec<Vec<u8>>, pps: Vec<Vec<u8>>) -> Result<Self, H264Error> {
        Self::with_extensions(length_size, sps, pps, Vec::new())
    }

    fn with_extensions(
        length_size: LengthSize,
        sps: Vec<Vec<u8>>,
        pps: Vec<Vec<u8>>,
        sps_extensions: Vec<Vec<u8>>,
    ) -> Result<Self, H264Error> {
        check_list(&sps, NalType::Sps, "SPSs", Self::MAX_SPS)?;
        check_list(&pps, NalType::Pps, "PPSs", Self::MAX_PPS)?;
        check_list(&sps_extensions, NalType::SpsExtension, "SPS extensions", Self::MAX_PPS)?;
        let first = Sps::parse(sps.first().ok_or(H264Error::Missing(NalType::Sps))?)?;
        if pps.is_empty() {
            return Err(H264Error::Missing(NalType::Pps));
        }
        // The format has room for extensions in the High profiles alone.
        let sps_extensions = if first.profile.has_chroma_format() { sps_extensions } else { Vec::new() };
        Ok(Self { length_size, first, sps, pps, sps_extensions })
    }

    /// A record of the parameter sets in an Annex B access unit, for samples with four-byte lengths.
    ///
    /// # Errors
    /// As [`AvcConfig::new`], and when `data` is not Annex B.
    pub fn from_annexb(data: &[u8]) -> Result<Self, H264Error> {
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for nal in annexb::units(data)? {
            let list = match nal.kind() {
                NalType::Sps => 0,
                NalType::Pps => 1,
                NalType::SpsExtension => 2,
                _ => continue,
            };
            lists[list].push(nal.bytes().to_vec());
        }
        let [sps, pps, sps_extensions] = lists;
        Self::with_extensions(LengthSize::Four, sps, pps, sps_extensions)
    }

    /// Reads a record. Bytes after it are ignored, as the format asks.
    ///
    /// # Errors
    /// When it is cut short, of another version, or its parameter sets are wrong.
    pub fn decode(record: &[u8]) -> Result<Self, H264Error> {
        let mut reader = RecordReader { record, at: 0 };
        let version = reader.byte("configurationVersion")?;
        if version != 1 {
            return Err(H264Error::ConfigVersion(version));
        }
        let profile = Profile(reader.byte("AVCProfileIndication")?);
        // Compatibility and level repeat the first SPS, which is the one to trust.
        reader.take("profile_compatibility", 2)?;
        let length_size = LengthSize::try_from((reader.byte("lengthSizeMinusOne")? & 3) + 1)?;
        let count = reader.byte("numOfSequenceParameterSets")? & 0x1f;
        let sps = reader.list("sequenceParameterSetLength", count)?;
        let count = reader.byte("numOfPictureParameterSets")?;
        let pps = reader.list("pictureParameterSetLength", count)?;
        let sps_extensions = if profile.has_chroma_format() { reader.extensions()? } else { Vec::new() };
        Self::with_extensions(length_size, sps, pps, sps_extensions)
    }

    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Sps { profile, constraints, level, .. } = &self.first;
        let length_size = 0xfc | self.length_size.minus_one();
        let mut out = vec![1, profile.0, constraints.0, level.0, length_size, 0xe0 | count(&self.sps)];
        push_list(&self.sps, &mut out);
        out.push(count(&self.pps));
        push_list(&self.pps, &mut out);
        if profile.has_chroma_format() {
            let (luma, chroma) = (self.first.bit_depth_luma - 8, self.first.bit_depth_chroma - 8);
            out.extend([0xfc | self.first.chroma.idc(), 0xf8 | luma, 0xf8 | chroma, count(&self.sps_extensions)]);
            push_list(&self.sps_extensions, &mut out);
        }
        out
    }

    /// Bytes of the samples' length prefixes.
    #[must_use]
    pub const fn length_size(&self) -> LengthSize {
        self.length_size
    }

    /// The first SPS, parsed.
    #[must_use]
    pub const fn first_sps(&self) -> &Sps {
        &self.first
    }

    /// The SPSs as NAL units; at least one.
    #[must_use]
    pub fn sps(&self) -> &[Vec<u8>] {
        &self.sps
    }

    /// The PPSs as NAL units; at least one.
    #[must_use]
    pub fn pps(&self) -> &[Vec<u8>] {
        &self.pps
    }

    /// Appends a sample to `out` as Annex B, with the parameter sets ahead of an IDR picture that lacks them.
    ///
    /// Some encoders keep the parameter sets out of the samples for good; without this, no viewer that joins
    /// such a stream ever sees a picture.
    ///
    /// # Errors
    /// When the sample's lengths are wrong. `out` is then left as it was.
    pub fn access_unit_to_annexb(&self, sample: &[u8], out: &mut Vec<u8>) -> Result<(), H264Error> {
        let mut missing = self.lacks_parameter_sets(sample);
        avcc::to_annexb_with(sample, self.length_size, out, |next, out| {
            // An access unit delimiter, where there is one, stays first (7.4.1.2.3).
            if missing && next != NalType::Delimiter {
                missing = false;
                self.push_parameter_sets(out);
            }
        })
    }

    fn lacks_parameter_sets(&self, sample: &[u8]) -> bool {
        let has = |kind| avcc::units(sample, self.length_size).flatten().any(|nal| nal.kind() == kind);
        has(NalType::IdrSlice) && !(has(NalType::Sps) && has(NalType::Pps))
    }

    fn push_parameter_sets(&self, out: &mut Vec<u8>) {
        let all = self.sps.iter().chain(&self.sps_extensions).chain(&self.pps);
        for nal in all.filter_map(|bytes| Nal::new(bytes)) {
            annexb::push(nal, out);
        }
    }
}

fn check_list(list: &[Vec<u8>], wanted: NalType, what: &'static str, max: usize) -> Result<(), H264Error> {
    if list.len() > max {
        return Err(H264Error::TooLong { what, len: list.len(), max });
    }
    for bytes in list {
        let nal = Nal::new(bytes).ok_or(H264Error::Empty("a parameter set"))?;
        if nal.kind() != wanted {
            return Err(H264Error::UnexpectedNal { wanted, found: nal.kind() });
        }
        if bytes.len() > MAX_PARAMETER_SET {
            let what = "bytes of a parameter set";
            return Err(H264Error::TooLong { what, len: bytes.len(), max: MAX_PARAMETER_SET });
        }
    }
    Ok(())
}

fn count(list: &[Vec<u8>]) -> u8 {
    u8::try_from(list.len()).expect("lists are capped when a record is made")
}

fn push_list(list: &[Vec<u8>], out: &mut Vec<u8>) {
    for nal in list {
        let len = u16::try_from(nal.len()).expect("parameter sets are capped when a record is made");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(nal);
    }
}

struct RecordReader<'a> {
    record: &'a [u8],
    at: usize,
}

impl<'a> RecordReader<'a> {
    fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], H264Error> {
        let ended = H264Error::Ended { field, bit: self.at * 8 };
        let bytes = self.record.get(self.at..self.at + len).ok_or(ended)?;
        self.at += len;
        Ok(bytes)
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, H264Error> {
        self.take(field, 1).map(|bytes| bytes[0])
    }

    fn list(&mut self, field: &'static str, count: u8) -> Result<Vec<Vec<u8>>, H264Error> {
        let mut list = Vec::with_capacity(count.into());
        for _ in 0..count {
            let len = usize::from(self.byte(field)?) << 8 | usize::from(self.byte(field)?);
            list.push(self.take(field, len)?.to_vec());
        }
        Ok(list)
    }

    /// The High profiles' tail. Many writers leave it out, so its absence is no error.
    fn extensions(&mut self) -> Result<Vec<Vec<u8>>, H264Error> {
        if self.take("chroma_format", 3).is_err() {
            return Ok(Vec::new());
        }
        let Ok(count) = self.byte("numOfSequenceParameterSetExt") else { return Ok(Vec::new()) };
        self.list("sequenceParameterSetExtLength", count)
    }
}
