//! What hydra says of its desktops.

use lunette_fleet::Seen;
use serde::Deserialize;
use serde_json::Value;

use super::HydraError;

/// What opens a desktop's bridge.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct BridgeTokens {
    pub(crate) view: String,
    pub(crate) control: String,
    pub(crate) agent: String,
}

/// One desktop of a list.
pub(crate) struct Listed {
    pub(crate) seen: Seen,
    pub(crate) tokens: Option<BridgeTokens>,
}

/// Reads a list. A desktop that cannot be read, as those of a newer hydra, is left out and told of.
pub(crate) fn decode_list(list: &Value) -> Result<Vec<Listed>, HydraError> {
    let items = list.as_array().ok_or_else(|| HydraError::Silent("its list of desktops is none".to_owned()))?;
    Ok(items.iter().filter_map(decode).collect())
}

fn decode(item: &Value) -> Option<Listed> {
    let seen = match Seen::deserialize(item) {
        Ok(seen) => seen,
        Err(error) => {
            tracing::warn!(%error, id = ?item["id"], "a desktop that cannot be read");
            return None;
        }
    };
    let tokens = BridgeTokens::deserialize(&item["bridge"]["tokens"]).ok();
    Some(Listed { seen, tokens })
}
