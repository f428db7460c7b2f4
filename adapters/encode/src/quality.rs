//! What a quality means to each encoder.
//!
//! | quality | QP | luma PSNR on dense text, 1080p |
//! |---------|----|--------------------------------|
//! | 0       | 45 | 20 dB: layout, no letters      |
//! | 30      | 36 | 28 dB: readable                |
//! | 50      | 30 | 34 dB                          |
//! | 70      | 24 | 40 dB, the default             |
//! | 100     | 15 | 48 dB                          |
//!
//! One step of QP changes the quantiser by 12 %. Both encoders quantise alike, so they share the mapping.

use lunette_frame::Quality;

/// OpenH264's quantiser for a quality: 45 (coarsest) to 15 (finest).
#[must_use]
pub fn qp_for_openh264(quality: Quality) -> u8 {
    let quality = quality.get();
    45 - quality / 10 * 3 - quality % 10 * 3 / 10
}

/// x264's quantiser for a quality: 45 (coarsest) to 15 (finest).
#[must_use]
pub fn qp_for_x264(quality: Quality) -> u8 {
    qp_for_openh264(quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_above_is_true() {
        let qp = |value| qp_for_openh264(Quality::new(value).expect("in range"));
        assert_eq!([0, 30, 50, 70, 100].map(qp), [45, 36, 30, 24, 15]);
        assert_eq!(qp_for_x264(Quality::DEFAULT), 24);
    }
}
