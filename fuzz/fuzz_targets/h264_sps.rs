//! Parameter sets, and decoder configuration records made of them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| lunette_h264::invariants::check_parameter_sets(data));
