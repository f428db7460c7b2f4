//! What nobody guesses, and what is kept of it.

use anyhow::anyhow;
use lunette_auth::Token;
use sha2::{Digest, Sha256};

/// 32 random bytes, as a token's text.
pub(crate) fn token() -> anyhow::Result<String> {
    let mut bytes = [0; Token::LEN];
    fill(&mut bytes)?;
    Ok(Token::new(bytes).to_text())
}

/// Something to call a thing by: eight letters and digits.
pub(crate) fn name() -> anyhow::Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

pub(crate) fn fill(bytes: &mut [u8]) -> anyhow::Result<()> {
    getrandom::fill(bytes).map_err(|error| anyhow!("no random bytes are to be had: {error}"))
}

/// What is kept of a secret. It has 256 random bits, so that no slow hash is needed.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
