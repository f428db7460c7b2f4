//! Hypothetical reference decoder parameters: clauses E.1.2 and E.2.2.

use crate::{BitReader, H264Error};

/// Buffer model of a stream (`hrd_parameters`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hrd {
    /// `bit_rate_scale`.
    pub bit_rate_scale: u8,
    /// `cpb_size_scale`.
    pub cpb_size_scale: u8,
    /// Delivery schedules, 1 to 32.
    pub schedules: Vec<CpbSchedule>,
    /// Bits of `initial_cpb_removal_delay`.
    pub initial_removal_delay_bits: u8,
    /// Bits of `cpb_removal_delay`.
    pub removal_delay_bits: u8,
    /// Bits of `dpb_output_delay`.
    pub output_delay_bits: u8,
    /// Bits of `time_offset`.
    pub time_offset_bits: u8,
}

/// One delivery schedule, as coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpbSchedule {
    /// `bit_rate_value_minus1`.
    pub bit_rate_value_minus1: u32,
    /// `cpb_size_value_minus1`.
    pub cpb_size_value_minus1: u32,
    /// Whether the rate is constant.
    pub constant_rate: bool,
}

impl Hrd {
    pub(crate) fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        let count = reader.ue_u8("cpb_cnt_minus1", 31)? + 1;
        let bit_rate_scale = reader.bits_u8("bit_rate_scale", 4)?;
        let cpb_size_scale = reader.bits_u8("cpb_size_scale", 4)?;
        let schedules = (0..count).map(|_| CpbSchedule::parse(reader)).collect::<Result<_, _>>()?;
        Ok(Self {
            bit_rate_scale,
            cpb_size_scale,
            schedules,
            initial_removal_delay_bits: reader.bits_u8("initial_cpb_removal_delay_length_minus1", 5)? + 1,
            removal_delay_bits: reader.bits_u8("cpb_removal_delay_length_minus1", 5)? + 1,
            output_delay_bits: reader.bits_u8("dpb_output_delay_length_minus1", 5)? + 1,
            time_offset_bits: reader.bits_u8("time_offset_length", 5)?,
        })
    }

    /// Bits per second of a schedule (equation E-37); `None` when there is no such schedule.
    #[must_use]
    pub fn bit_rate(&self, schedule: usize) -> Option<u64> {
        let value = u64::from(self.schedules.get(schedule)?.bit_rate_value_minus1) + 1;
        Some(value << (6 + u32::from(self.bit_rate_scale)))
    }

    /// Bits of a schedule's buffer (equation E-38); `None` when there is no such schedule.
    #[must_use]
    pub fn cpb_size(&self, schedule: usize) -> Option<u64> {
        let value = u64::from(self.schedules.get(schedule)?.cpb_size_value_minus1) + 1;
        Some(value << (4 + u32::from(self.cpb_size_scale)))
    }
}

impl CpbSchedule {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        Ok(Self {
            bit_rate_value_minus1: reader.ue_max("bit_rate_value_minus1", u32::MAX - 1)?,
            cpb_size_value_minus1: reader.ue_max("cpb_size_value_minus1", u32::MAX - 1)?,
            constant_rate: reader.flag("cbr_flag")?,
        })
    }
}
