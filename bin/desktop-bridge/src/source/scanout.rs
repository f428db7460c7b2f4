//! A scanout of frame-export, by HXFR.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use lunette_frame::ScanoutId;
use lunette_net::client::{Address, Route};
use lunette_screen::Screen;
use lunette_viewer::{Hub, Resizer, Uplink};
use lunette_wire::Token;

use crate::cli::Args;

/// For another size, until frame-export has answered.
const RESIZE: Duration = Duration::from_secs(12);
/// Bounds of the grace, in seconds.
const GRACE: std::ops::RangeInclusive<u64> = 5..=300;

/// Opens the scanout that the flags name. Nothing is connected yet.
pub(super) fn open(args: &Args) -> anyhow::Result<Arc<Hub>> {
    let Some(scanout) = args.scanout else { bail!("--source scanout needs --scanout N") };
    let token = match &args.export_token_file {
        Some(path) => Some(read_token(path).with_context(|| format!("cannot use {}", path.display()))?),
        None => None,
    };
    let uplink = Uplink { route: args.export.clone().into(), scanout: ScanoutId::new(scanout), token };
    let grace = Duration::from_secs(args.grace.clamp(*GRACE.start(), *GRACE.end()));
    Ok(Arc::new(Hub::new(&uplink, grace, resizer(&uplink))))
}

/// The lease's token, as the launcher writes it: 64 hexadecimal digits.
fn read_token(path: &Path) -> anyhow::Result<Token> {
    let text = fs::read_to_string(path)?;
    text.trim().parse().context("it holds no token of 64 hexadecimal digits")
}

/// Only the bearer of the lease's token may ask for another size.
fn resizer(uplink: &Uplink) -> Option<Resizer> {
    let Uplink { route: Route::Address(Address::Tcp { host, port }), scanout, token: Some(token) } = uplink.clone()
    else {
        return None;
    };
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    Some(Arc::new(move |size| {
        let asked = Screen::connect(&address, token, RESIZE).and_then(|mut screen| screen.resize(scanout, size));
        asked.map_err(|error| lunette_cause::chain(&error))
    }))
}
