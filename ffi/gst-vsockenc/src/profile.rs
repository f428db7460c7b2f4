//! Which profile a stream has, and what downstream wants it to be called.

/// What frame-export sends; other hosts' streams tell.
pub(crate) const USUAL: &str = "constrained-baseline";

/// GStreamer's name for the profile in an access unit's SPS; `None` without an SPS, or for a profile nobody uses here.
pub(crate) fn of(unit: &[u8]) -> Option<&'static str> {
    let sps = unit.windows(7).find(|bytes| bytes[..3] == [0, 0, 1] && bytes[3] & 0x1f == 7)?;
    match (sps[4], sps[5]) {
        (66, flags) if flags & 0x40 != 0 => Some("constrained-baseline"),
        (66, _) => Some("baseline"),
        (77, _) => Some("main"),
        (100, _) => Some("high"),
        _ => None,
    }
}

/// The names that a stream of this profile may go by: a decoder of each of them decodes it.
pub(crate) fn names(profile: &'static str) -> &'static [&'static str] {
    match profile {
        "constrained-baseline" => &["constrained-baseline", "baseline", "main", "high"],
        "baseline" => &["baseline"],
        "main" => &["main", "high"],
        _ => &["high"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_read_out_of_the_sps() {
        let unit = |idc, flags| [&[0, 0, 0, 1, 0x09, 0x10, 0, 0, 0, 1, 0x67, idc, flags, 40][..], &[1, 2, 3]].concat();
        assert_eq!(of(&unit(66, 0xc0)), Some("constrained-baseline"));
        assert_eq!(of(&unit(66, 0)), Some("baseline"));
        assert_eq!(of(&unit(77, 0)), Some("main"));
        assert_eq!(of(&unit(100, 0)), Some("high"));
        assert_eq!(of(&[0, 0, 0, 1, 0x61, 1, 2, 3, 4, 5]), None);
    }
}
