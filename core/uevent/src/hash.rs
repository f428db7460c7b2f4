//! The hashes in udevd's messages, by which the kernel's socket filters choose before a listener wakes.

/// `MurmurHash2` by Austin Appleby, with seed 0, of the bytes read as little-endian words.
pub(crate) fn murmur2(text: &str) -> u32 {
    const FACTOR: u32 = 0x5bd1_e995;
    let bytes = text.as_bytes();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut hash = length;
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(FACTOR);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(FACTOR) ^ mixed.wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(FACTOR);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(FACTOR);
    hash ^ hash >> 15
}

/// The bits of one tag in the filter that says which tags a message may have.
pub(crate) fn tag_bits(tag: &str) -> u64 {
    let hash = murmur2(tag);
    [0, 6, 12, 18].into_iter().fold(0, |bits, shift| bits | 1 << (hash >> shift & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_reference() {
        for (text, hash) in GOLDEN {
            assert_eq!(murmur2(text), *hash, "{text:?}");
        }
    }

    #[test]
    fn a_tag_sets_at_most_four_bits() {
        for tag in ["seat", "mutter-device-preferred-primary", "uaccess", ""] {
            assert!((1..=4).contains(&tag_bits(tag).count_ones()), "{tag:?}");
        }
    }

    const GOLDEN: &[(&str, u32)] = &[
        ("", 0),
        ("a", 0x9268_5f5e),
        ("ab", 0x1aa1_4063),
        ("abc", 0x1357_7c9b),
        ("seat", 0x435b_3e40),
        ("drm", 0x1666_4179),
        ("input", 0xc1a2_8470),
        ("drm_minor", 0x1ca6_541e),
    ];
}
