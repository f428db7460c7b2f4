//! Why x264 could not be loaded or used.

use std::ffi::c_int;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No known build is installed.
    #[error("libx264 is not installed (looked for {tried})")]
    NotFound {
        /// The file names tried.
        tried: String,
    },
    /// The library lacks a function.
    #[error("{file} has no function {symbol}")]
    Symbol {
        /// The library's file name.
        file: String,
        /// The missing name.
        symbol: String,
    },
    /// A struct of this build is not laid out as expected, so it is not used.
    #[error("{file} is not usable: {what} is {found}, expected {expected}")]
    Layout {
        /// The library's file name.
        file: String,
        /// What was looked at.
        what: &'static str,
        /// What was there.
        found: i64,
        /// What should have been there.
        expected: i64,
    },
    /// The library does not know an option, or not this value.
    #[error("x264 refuses {key}={value} ({code})")]
    Option {
        /// The option's name.
        key: &'static str,
        /// Its value.
        value: String,
        /// The library's result.
        code: c_int,
    },
    /// A setting is outside what the library takes.
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
    /// The library opened no encoder with these settings.
    #[error("x264 opened no encoder for {width}x{height}")]
    Open {
        /// Pixels per row.
        width: u32,
        /// Rows.
        height: u32,
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
    /// Encoding failed.
    #[error("x264_encoder_encode returned {code}")]
    Encode {
        /// The library's result; 0 when it held the picture back.
        code: c_int,
    },
}
