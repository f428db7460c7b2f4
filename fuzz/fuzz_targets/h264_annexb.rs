//! Access units: finding NAL units, rewriting, and both stream forms.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| lunette_h264::invariants::check_access_unit(data));
