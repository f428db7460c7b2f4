//! Frames of a WebSocket that is carried through a tunnel. What must hold is in the tests of `core/dial`, which run it on bytes of their own.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../core/dial/tests/hostile/properties.rs"]
#[allow(dead_code, reason = "the other target has the other half")]
mod properties;

fuzz_target!(|data: &[u8]| properties::frames_of_any_bytes(data));
