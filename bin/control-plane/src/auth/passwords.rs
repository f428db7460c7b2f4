//! Passwords, hashed by argon2id.

use anyhow::{anyhow, ensure};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::random;

/// Hashes at once: each takes 19 MiB, and a processor for some time.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A password that nobody guesses in a week.
const SHORTEST: usize = 10;
const LONGEST: usize = 1024;

/// What is kept of a password.
pub(crate) async fn hash(password: String) -> anyhow::Result<String> {
    ensure!(password.chars().count() >= SHORTEST, "a password has {SHORTEST} characters at least");
    ensure!(password.len() <= LONGEST, "a password has {LONGEST} bytes at most");
    let _turn = TURNS.acquire().await?;
    spawn_blocking(move || {
        let mut salt = [0; 16];
        random::fill(&mut salt)?;
        let salt = SaltString::encode_b64(&salt).map_err(|error| anyhow!("{error}"))?;
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
        Ok(hash.map_err(|error| anyhow!("{error}"))?.to_string())
    })
    .await?
}

/// Whether it is the password. Where there is none to compare with, it takes the same time to say no.
pub(crate) async fn is_right(password: String, kept: Option<String>) -> bool {
    // Of nothing; made here, since its parameters must be the usual ones.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > LONGEST {
        return false;
    }
    let Ok(_turn) = TURNS.acquire().await else { return false };
    let check = move || {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        let Ok(parsed) = PasswordHash::new(&kept) else { return false };
        Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known
    };
    spawn_blocking(check).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_short_ones_are_refused() {
        let kept = hash("correct horse".to_owned()).await.expect("hashed");
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(is_right("correct horse".to_owned(), Some(kept.clone())).await);
        assert!(!is_right("correct mule".to_owned(), Some(kept)).await);
        assert!(!is_right("correct horse".to_owned(), None).await);
        assert!(hash("short".to_owned()).await.is_err());
    }
}
