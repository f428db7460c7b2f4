//! Where the pictures of a host's desktops are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lunette_net::client::{Address, Carrier, Route};
use lunette_wire::Token;

use crate::dialled::Dialled;

/// Where a host's frame-export is.
#[derive(Clone)]
pub(crate) enum Pictures {
    /// An address leads there; what opens it is in the file.
    At(Address, Option<PathBuf>),
    /// It is where it dialled in from, if it did.
    Dialled(Dialled),
}

/// What tells one frame-export from another.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    At(Address, Option<Token>),
    Dialled(String),
}

impl Pictures {
    /// How it is reached now, if it is.
    pub(crate) fn reach(&self) -> Result<Reached, String> {
        match self {
            Self::At(address, file) => {
                // A machine that was started anew has another secret in the same file.
                let token = file.as_deref().map(secret).transpose()?;
                Ok(Reached { route: address.clone().into(), token, spot: Spot::At(address.clone(), token) })
            }
            Self::Dialled(dialled) if dialled.is_known() => {
                let carrier: Arc<dyn Carrier> = Arc::new(dialled.clone());
                Ok(Reached { route: Route::Carried(carrier), token: None, spot: Spot::Dialled(dialled.to_string()) })
            }
            Self::Dialled(_) => Err("its host's pictures are not reached from here".to_owned()),
        }
    }

    /// Whether it would answer at once, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        match self {
            Self::At(..) => true,
            Self::Dialled(dialled) => dialled.is_up(),
        }
    }

    /// Whether they come by what the host dialled in.
    pub(crate) const fn is_dialled(&self) -> bool {
        matches!(self, Self::Dialled(_))
    }

    /// By what they come, in a word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::At(..) => "direct",
            Self::Dialled(dialled) if dialled.is_up() => "dialled",
            Self::Dialled(_) => "bridges",
        }
    }
}

/// A frame-export that is reached.
pub(crate) struct Reached {
    pub(crate) route: Route,
    /// What it wants to see.
    pub(crate) token: Option<Token>,
    pub(crate) spot: Spot,
}

fn secret(path: &Path) -> Result<Token, String> {
    let text = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Token::from_file(&text).map_err(|error| format!("{}: {error}", path.display()))
}
