//! What is left of leases when their manager has died and starts again.

/// What a store had kept of one lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remains<S, L> {
    /// Its output.
    pub scanout: S,
    /// The kernel's name for it.
    pub lessee: L,
    /// Whether its client's connection is still open and silent.
    pub is_wanted: bool,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock<L> {
    /// Which of the remains are leases, by their place.
    pub alive: Vec<usize>,
    /// Which are not, by their place: their connections are to be closed.
    pub dead: Vec<usize>,
    /// Lessees that hold leases which are nobody's: to be revoked.
    pub strangers: Vec<L>,
}

/// Sorts what a store had kept, `None` for what makes no sense, by what the kernel says who holds a lease.
///
/// A manager may have died between any two of its steps, so that remains may be of leases that are not any more, or never
/// were; and the kernel gives the name of a lessee that has gone to the next.
pub fn take_stock<S: PartialEq, L: Copy + PartialEq>(remains: &[Option<Remains<S, L>>], lessees: &[L]) -> Stock<L> {
    let (mut alive, mut dead) = (Vec::new(), Vec::new());
    let mut taken: Vec<&Remains<S, L>> = Vec::new();
    for (place, found) in remains.iter().enumerate() {
        let is_free =
            |found: &Remains<S, L>| taken.iter().all(|t| t.scanout != found.scanout && t.lessee != found.lessee);
        match found {
            Some(found) if found.is_wanted && lessees.contains(&found.lessee) && is_free(found) => {
                taken.push(found);
                alive.push(place);
            }
            _ => dead.push(place),
        }
    }
    let is_stranger = |lessee: &L| taken.iter().all(|found| found.lessee != *lessee);
    Stock { alive, dead, strangers: lessees.iter().copied().filter(is_stranger).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remains(scanout: u16, lessee: u32, is_wanted: bool) -> Option<Remains<u16, u32>> {
        Some(Remains { scanout, lessee, is_wanted })
    }

    #[test]
    fn a_lease_needs_its_client_its_lessee_and_a_book() {
        let found = [remains(1, 5, true), remains(2, 6, false), remains(3, 7, true), None];
        let stock = take_stock(&found, &[5, 6, 8]);
        assert_eq!(stock, Stock { alive: vec![0], dead: vec![1, 2, 3], strangers: vec![6, 8] });
    }

    #[test]
    fn the_remains_of_a_dead_lease_do_not_end_the_living_one_that_got_its_name() {
        for found in [[remains(1, 5, false), remains(2, 5, true)], [remains(2, 5, true), remains(1, 5, false)]] {
            assert!(take_stock(&found, &[5]).strangers.is_empty());
        }
    }

    #[test]
    fn an_output_has_one_lease_and_a_lessee_one_output() {
        let stock = take_stock(&[remains(1, 5, true), remains(1, 6, true), remains(2, 5, true)], &[5, 6]);
        assert_eq!(stock, Stock { alive: vec![0], dead: vec![1, 2], strangers: vec![6] });
    }
}
