//! A running desktop session from the inside: input sinks, clipboard, windows.

#![forbid(unsafe_code)]
