//! Scaling lists, passed over: clauses 7.3.2.1.1.1 and 7.4.2.1.1.1.

use crate::{BitReader, H264Error};

/// Passes over `lists` scaling lists with their present flags; the first six have 16 entries, the others 64.
pub(crate) fn skip(reader: &mut BitReader<'_>, lists: usize) -> Result<(), H264Error> {
    for list in 0..lists {
        if reader.flag("scaling_list_present_flag")? {
            skip_list(reader, if list < 6 { 16 } else { 64 })?;
        }
    }
    Ok(())
}

/// A list ends early where its next scale becomes 0, so its length depends on its values.
fn skip_list(reader: &mut BitReader<'_>, entries: usize) -> Result<(), H264Error> {
    let mut scale = 8u8;
    for _ in 0..entries {
        let delta = reader.se_within("delta_scale", i8::MIN..=i8::MAX)?;
        scale = scale.wrapping_add_signed(delta);
        if scale == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BitWriter;

    fn bits_skipped(write: impl Fn(&mut BitWriter), lists: usize) -> (usize, usize) {
        let mut writer = BitWriter::default();
        write(&mut writer);
        let written = writer.position();
        let bytes = writer.finish_rbsp();
        let mut reader = BitReader::new(&bytes);
        skip(&mut reader, lists).expect("well formed");
        (reader.position(), written)
    }

    #[test]
    fn a_whole_list_has_every_entry() {
        let (skipped, written) = bits_skipped(
            |writer| {
                writer.flag(true);
                (0..16).for_each(|_| writer.se(2));
            },
            1,
        );
        assert_eq!(skipped, written);
    }

    #[test]
    fn a_list_ends_where_the_scale_becomes_zero() {
        let (skipped, written) = bits_skipped(
            |writer| {
                writer.flag(true);
                writer.se(-8);
                (0..5).for_each(|_| writer.flag(false));
                writer.flag(true);
                for delta in [100, 100, 48] {
                    writer.se(delta);
                }
            },
            7,
        );
        assert_eq!(skipped, written);
    }

    #[test]
    fn a_step_of_more_than_a_byte_is_refused() {
        let mut writer = BitWriter::default();
        writer.flag(true);
        writer.se(128);
        let bytes = writer.finish_rbsp();
        let refused = skip(&mut BitReader::new(&bytes), 1).unwrap_err();
        assert_eq!(refused, H264Error::OutOfRange { field: "delta_scale", value: 128, min: -128, max: 127 });
    }
}
