//! What is remembered besides desktops.

/// Somebody with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// By which they come in.
    pub name: String,
    /// Their password, hashed; `None` is for nobody to come in by.
    pub password: Option<String>,
    /// What they may do, as words.
    pub scopes: String,
    /// Which desktops that is about; `None` is all of them.
    pub desktops: Option<Vec<String>>,
    /// Since when, in milliseconds since 1970.
    pub created_ms: u64,
}

/// Something that opens doors, of which only the hash is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// By which people speak of it.
    pub id: String,
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// What it is for.
    pub name: String,
    /// What its bearer may do, as words.
    pub scopes: String,
    /// Which desktops that is about; `None` is all of them.
    pub desktops: Option<Vec<String>>,
    /// Whether it opens a session once and is nothing any more then.
    pub once: bool,
    /// Since when, in milliseconds since 1970.
    pub created_ms: u64,
    /// Until when; `None` is for good.
    pub expires_ms: Option<u64>,
}

/// A browser that is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its cookie.
    pub hash: [u8; 32],
    /// Who.
    pub who: String,
    /// What they may do, as words.
    pub scopes: String,
    /// Which desktops that is about; `None` is all of them.
    pub desktops: Option<Vec<String>>,
    /// Until when, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number; later ones have larger numbers.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Such as `desktop.running`.
    pub kind: String,
    /// About which desktop.
    pub desktop: Option<String>,
    /// For people.
    pub text: String,
}
