//! A scanout of frame-export, by HXFR.

use std::sync::Arc;

use lunette_viewer::Video;

use crate::cli::Args;

/// A token file that is none.
#[derive(Debug, thiserror::Error)]
#[error("it holds no token of 64 hexadecimal digits")]
pub struct TokenError;

pub(super) fn open(_args: &Args) -> anyhow::Result<Arc<dyn Video>> {
    anyhow::bail!("wip")
}
