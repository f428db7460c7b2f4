//! What the library may report.

use std::ffi::c_int;

use openh264_sys2 as ffi;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The library made no instance.
    #[error("the library created no {what}")]
    Create {
        /// Encoder or decoder.
        what: &'static str,
    },
    /// The settings are outside what the library takes.
    #[error("{what} {given} is not in {from}..={to}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// Its value.
        given: u64,
        /// Least value.
        from: u64,
        /// Greatest value.
        to: u64,
    },
    /// A plane does not hold the picture.
    #[error("plane {plane} has {given} bytes, {needed} are needed")]
    Plane {
        /// Which plane.
        plane: usize,
        /// Bytes given.
        given: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// A call of the encoder returned a failure.
    #[error("{call} returned {code} ({})", encoder_code(*code))]
    Encoder {
        /// The library's name of the call.
        call: &'static str,
        /// Its result.
        code: c_int,
    },
    /// The decoder met something that it cannot decode.
    #[error("{call} returned {state:#x} ({})", decoder_state(*state))]
    Decoder {
        /// The library's name of the call.
        call: &'static str,
        /// Bit set of complaints.
        state: c_int,
    },
}

impl Error {
    /// Whether the encoder ran out of memory, or of room for one coded picture: it does not tell the two apart.
    #[must_use]
    pub fn is_out_of_room(&self) -> bool {
        matches!(self, Self::Encoder { code, .. } if *code == ffi::cmMallocMemeError)
    }
}

fn encoder_code(code: c_int) -> &'static str {
    match code {
        ffi::cmInitParaError => "invalid parameter",
        ffi::cmMallocMemeError => "out of memory, or the coded picture outgrew its buffer",
        ffi::cmInitExpected => "not initialised",
        ffi::cmUnsupportedData => "unsupported picture",
        _ => "unknown reason",
    }
}

fn decoder_state(state: c_int) -> &'static str {
    const NAMES: [(c_int, &str); 8] = [
        (ffi::dsNoParamSets, "no parameter sets"),
        (ffi::dsRefLost, "a reference is missing"),
        (ffi::dsBitstreamError, "broken bitstream"),
        (ffi::dsDepLayerLost, "a layer is missing"),
        (ffi::dsDataErrorConcealed, "errors were concealed"),
        (ffi::dsRefListNullPtrs, "the reference list is broken"),
        (ffi::dsOutOfMemory, "out of memory"),
        (ffi::dsInvalidArgument, "invalid argument"),
    ];
    NAMES.iter().find(|(bit, _)| state & bit != 0).map_or("unknown reason", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_call_and_the_cause() {
        let error = Error::Encoder { call: "EncodeFrame", code: ffi::cmUnsupportedData };
        assert_eq!(error.to_string(), "EncodeFrame returned 5 (unsupported picture)");
        let error = Error::Decoder { call: "DecodeFrame2", state: 0x12 };
        assert_eq!(error.to_string(), "DecodeFrame2 returned 0x12 (no parameter sets)");
    }
}
