//! What the next manager makes of an earlier one's leases.

use std::collections::{BTreeMap, BTreeSet};

use lunette_frame::ScanoutId;
use lunette_lease::take_stock;

use crate::book::Book;
use crate::cards::{CardError, Cards};
use crate::kept::{Found, Kept};
use crate::service::Service;

/// The leases that live on; all others are revoked and forgotten.
pub(crate) fn inherit(
    cards: &impl Cards,
    names: &BTreeMap<ScanoutId, String>,
    service: &Service,
    found: Vec<Found>,
) -> Result<Vec<(Book, Kept)>, CardError> {
    let remains: Vec<_> = found.iter().map(|found| found.remains(names)).collect();
    let stock = take_stock(&remains, &cards.lessees()?);
    for lessee in &stock.strangers {
        cards.revoke(*lessee)?;
    }
    if !stock.strangers.is_empty() {
        tracing::info!(revoked = stock.strangers.len(), "revoked leases that nobody holds any more");
    }
    let alive: BTreeSet<_> = stock.alive.into_iter().collect();
    let mut living = Vec::with_capacity(alive.len());
    for (place, found) in found.into_iter().enumerate() {
        if alive.contains(&place) {
            living.extend(found.revive());
        } else {
            found.bury(service);
        }
    }
    Ok(living)
}
