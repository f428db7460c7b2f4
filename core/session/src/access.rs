//! Who may use which scanout.
//!
//! ```text
//!                          ┌─ the machine's secret ──▶ everything
//!   a connection's token ──┼─ the scanout's grant ───▶ watch it, ask how it is, enable it again
//!                          └─ another, or none ──────▶ nothing that needs one
//! ```
//! On an open host every token is as good as the secret, and so is none.

use std::collections::BTreeMap;

use lunette_frame::ScanoutId;
use lunette_wire::Token;

/// What a connection asks for that not everybody may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Pictures of this scanout.
    Subscribe(ScanoutId),
    /// How this scanout is doing.
    Status(ScanoutId),
    /// Plug this scanout, or give it another size.
    Enable(ScanoutId),
    /// Unplug this scanout.
    Disable(ScanoutId),
    /// Say who owns this scanout.
    Grant(ScanoutId),
}

impl Wish {
    /// The scanout that it is about.
    #[must_use]
    pub const fn scanout(self) -> ScanoutId {
        match self {
            Self::Subscribe(scanout)
            | Self::Status(scanout)
            | Self::Enable(scanout)
            | Self::Disable(scanout)
            | Self::Grant(scanout) => scanout,
        }
    }
}

/// By what right a wish is fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// For good: by the secret, or since nobody needs one here.
    Unlimited,
    /// As long as the scanout's grant stays what it is.
    Lease,
}

/// A wish that the connection's token does not fulfil. Says nothing about the scanout, not even whether there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// A lease would do.
    #[error("not allowed: needs this scanout's token")]
    NeedsLease,
    /// It would be, if not just now.
    #[error("not allowed: another output is being switched, try again")]
    Busy,
    /// Nothing less than the secret would do.
    #[error("not allowed: needs the machine's secret")]
    NeedsSecret,
}

/// The rule, and the grants that it goes by.
#[derive(Debug)]
pub struct Access {
    rule: Rule,
    grants: BTreeMap<ScanoutId, Token>,
}

#[derive(Debug)]
enum Rule {
    Open,
    Strict(Token),
}

impl Access {
    /// Everybody may do everything.
    #[must_use]
    pub const fn open() -> Self {
        Self { rule: Rule::Open, grants: BTreeMap::new() }
    }

    /// Only the bearer of `secret` may do everything.
    #[must_use]
    pub const fn strict(secret: Token) -> Self {
        Self { rule: Rule::Strict(secret), grants: BTreeMap::new() }
    }

    /// Whether tokens count.
    #[must_use]
    pub const fn is_strict(&self) -> bool {
        matches!(self.rule, Rule::Strict(_))
    }

    /// By what right a connection that shows `shown` has its wish.
    ///
    /// # Errors
    /// When it has none.
    pub fn judge(&self, wish: Wish, shown: Option<&Token>) -> Result<Right, NotAllowed> {
        if !self.is_strict() || shown.is_some_and(|shown| self.is_unlimited(shown)) {
            return Ok(Right::Unlimited);
        }
        match wish {
            Wish::Subscribe(scanout) | Wish::Status(scanout) | Wish::Enable(scanout) => {
                let owns = shown.is_some() && shown == self.grants.get(&scanout);
                if owns { Ok(Right::Lease) } else { Err(NotAllowed::NeedsLease) }
            }
            Wish::Disable(_) | Wish::Grant(_) => Err(NotAllowed::NeedsSecret),
        }
    }

    /// Whether a token fulfils every wish.
    #[must_use]
    pub fn is_unlimited(&self, shown: &Token) -> bool {
        match &self.rule {
            Rule::Open => true,
            Rule::Strict(secret) => shown == secret,
        }
    }

    /// Whether a token is good for anything now.
    #[must_use]
    pub fn knows(&self, shown: &Token) -> bool {
        // All are compared, so that the time says nothing about which it is.
        self.grants.values().fold(self.is_unlimited(shown), |known, granted| known | (shown == granted))
    }

    /// Makes `token` the one that owns `scanout`; whether that changed anything. The caller has judged the wish.
    ///
    /// An open host keeps no grants: nobody asks for them there, and anybody could send 65 536.
    pub fn grant(&mut self, scanout: ScanoutId, token: Token) -> bool {
        self.is_strict() && self.grants.insert(scanout, token) != Some(token)
    }

    /// Goes by another secret; whether it is another. Grants that were made under the old one are void.
    pub fn renew(&mut self, secret: Token) -> bool {
        match &mut self.rule {
            Rule::Strict(known) if *known != secret => {
                *known = secret;
                self.grants.clear();
                true
            }
            Rule::Strict(_) | Rule::Open => false,
        }
    }

    /// Forgets who owns `scanout`; whether anybody did.
    pub fn revoke(&mut self, scanout: ScanoutId) -> bool {
        self.grants.remove(&scanout).is_some()
    }

    /// Forgets who owns what; the secret stays.
    pub fn revoke_all(&mut self) {
        self.grants.clear();
    }

    /// Scanouts that somebody owns.
    #[must_use]
    pub fn granted(&self) -> usize {
        self.grants.len()
    }
}
