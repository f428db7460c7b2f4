//! Tokens, scopes, origins, request rates: pure.

#![forbid(unsafe_code)]
