//! Sizes in JSON and TOML as people write them: `1280x720`.

use lunette_frame::Size;
use serde::{Deserialize, Deserializer, Serializer, de};

/// For serde's `with`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(size: &Size, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(size)
}

/// For serde's `with`.
///
/// # Errors
/// When it is no size.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
