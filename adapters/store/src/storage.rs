//! What a database has to do.

use lunette_desktop::DesktopId;
use lunette_fleet::{Desired, HostName};

use crate::{Event, Session, StoreError, Token, User};

/// A database. What a call that returned has done is done for good; one that failed has done nothing.
pub trait Storage: Send {
    /// Every desktop that somebody wants, or wanted.
    ///
    /// # Errors
    /// As every call here: when the database does not do it.
    fn desktops(&mut self) -> Result<Vec<Desired>, StoreError>;
    /// Keeps a desktop, in the place of what was known of it.
    ///
    /// # Errors
    /// As above.
    fn put_desktop(&mut self, desired: &Desired) -> Result<(), StoreError>;
    /// Forgets a desktop.
    ///
    /// # Errors
    /// As above.
    fn forget_desktop(&mut self, id: &DesktopId) -> Result<(), StoreError>;

    /// Every host that is to get no new desktops.
    ///
    /// # Errors
    /// As above.
    fn drained(&mut self) -> Result<Vec<HostName>, StoreError>;
    /// Keeps in mind that a host is to get none.
    ///
    /// # Errors
    /// As above.
    fn put_drained(&mut self, host: &HostName) -> Result<(), StoreError>;
    /// Forgets that.
    ///
    /// # Errors
    /// As above.
    fn remove_drained(&mut self, host: &HostName) -> Result<(), StoreError>;

    /// Every user.
    ///
    /// # Errors
    /// As above.
    fn users(&mut self) -> Result<Vec<User>, StoreError>;
    /// Keeps a user, in the place of one of that name.
    ///
    /// # Errors
    /// As above.
    fn put_user(&mut self, user: &User) -> Result<(), StoreError>;
    /// Forgets a user, with the sessions; whether there was one.
    ///
    /// # Errors
    /// As above.
    fn remove_user(&mut self, name: &str) -> Result<bool, StoreError>;

    /// Every token.
    ///
    /// # Errors
    /// As above.
    fn tokens(&mut self) -> Result<Vec<Token>, StoreError>;
    /// Keeps a token.
    ///
    /// # Errors
    /// As above.
    fn put_token(&mut self, token: &Token) -> Result<(), StoreError>;
    /// Forgets a token; whether there was one.
    ///
    /// # Errors
    /// As above.
    fn remove_token(&mut self, id: &str) -> Result<bool, StoreError>;
    /// Takes a token that counts once: whoever comes second gets none.
    ///
    /// # Errors
    /// As above.
    fn take_token(&mut self, hash: &[u8; 32], now_ms: u64) -> Result<Option<Token>, StoreError>;

    /// Sessions that are not over.
    ///
    /// # Errors
    /// As above.
    fn sessions(&mut self, now_ms: u64) -> Result<Vec<Session>, StoreError>;
    /// Keeps a session.
    ///
    /// # Errors
    /// As above.
    fn put_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Ends a session.
    ///
    /// # Errors
    /// As above.
    fn remove_session(&mut self, hash: &[u8; 32]) -> Result<(), StoreError>;

    /// Notes what happened; its number. Only the last ten thousand are kept.
    ///
    /// # Errors
    /// As above.
    fn note(&mut self, at_ms: u64, kind: &str, desktop: Option<&str>, text: &str) -> Result<u64, StoreError>;
    /// What happened after the event of this number, at most `most`.
    ///
    /// # Errors
    /// As above.
    fn events(&mut self, after: u64, most: u32) -> Result<Vec<Event>, StoreError>;
}

/// Events that are kept.
pub(crate) const EVENTS: u64 = 10_000;
