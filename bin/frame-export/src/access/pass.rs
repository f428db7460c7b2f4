//! What a subscriber was let in by.

use std::fmt;

use lunette_frame::AccessUnit;
use lunette_net::{StreamEnd, Units};
use lunette_wire::hxfr::ErrorCode;
use tokio::sync::watch;

/// Why a grant is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// Another token owns the scanout.
    Replaced,
    /// The scanout was disabled.
    Disabled,
    /// The machine was reset.
    Reset,
    /// The machine is gone.
    Lost,
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaced => "another lease owns the scanout now",
            Self::Disabled => "the scanout was disabled",
            Self::Reset => "the machine was reset",
            Self::Lost => "the machine is gone",
        })
    }
}

/// The right by which a wish was fulfilled, as long as it lasts.
#[derive(Debug)]
pub struct Pass(pub(super) Option<watch::Receiver<Option<Revoked>>>);

impl Pass {
    /// The right of those who need no grant.
    pub(crate) const UNLIMITED: Self = Self(None);

    /// Waits until the right ends; for ever when it is unlimited. Dropping the future loses nothing.
    async fn revoked(&mut self) -> Revoked {
        if let Some(grant) = &mut self.0
            && let Ok(revoked) = grant.wait_for(Option::is_some).await
            && let Some(revoked) = *revoked
        {
            return revoked;
        }
        // Unlimited, or the server is ending and says so itself.
        std::future::pending().await
    }
}

/// Units for as long as the pass is good.
#[derive(Debug)]
pub struct Admitted<U> {
    units: U,
    pass: Pass,
}

impl<U> Admitted<U> {
    pub(crate) fn new(units: U, pass: Pass) -> Self {
        Self { units, pass }
    }
}

impl<U: Units> Units for Admitted<U> {
    async fn next(&mut self) -> Result<AccessUnit, StreamEnd> {
        tokio::select! {
            // What is queued belongs to whoever owns the scanout now.
            biased;
            revoked = self.pass.revoked() => {
                Err(StreamEnd { code: ErrorCode::NotFound, reason: revoked.to_string() })
            }
            unit = self.units.next() => unit,
        }
    }
}
