//! Whether there is memory for one more desktop.

/// What a desktop may still take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Its bound.
    pub limit_mib: u64,
    /// What it has of that already.
    pub used_mib: u64,
}

impl Promise {
    /// What it may still take.
    #[must_use]
    pub const fn unused_mib(&self) -> u64 {
        self.limit_mib.saturating_sub(self.used_mib)
    }
}

/// There is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{wanted_mib} MiB of memory are wanted; {available_mib} MiB are available, of which {promised_mib} MiB are \
     promised to desktops that do not use them yet"
)]
pub struct NoMemory {
    /// For the new one.
    pub wanted_mib: u64,
    /// On the machine.
    pub available_mib: u64,
    /// To the others.
    pub promised_mib: u64,
}

/// Admits a desktop only when everything that is promised can be kept.
///
/// `available_mib` is what the machine has now: what the others use is not in it any more, what they may still take is.
///
/// # Errors
/// With the numbers.
pub fn admit(promises: &[Promise], wanted_mib: u64, available_mib: u64) -> Result<(), NoMemory> {
    let promised_mib = promises.iter().map(Promise::unused_mib).sum::<u64>();
    if promised_mib.saturating_add(wanted_mib) <= available_mib {
        Ok(())
    } else {
        Err(NoMemory { wanted_mib, available_mib, promised_mib })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_and_not_used_counts() {
        let others = [Promise { limit_mib: 2048, used_mib: 1000 }, Promise { limit_mib: 512, used_mib: 600 }];
        assert_eq!(admit(&others, 952, 2000), Ok(()));
        let refused = admit(&others, 953, 2000).unwrap_err();
        assert_eq!((refused.promised_mib, refused.available_mib), (1048, 2000));
        assert!(refused.to_string().contains("953 MiB") && refused.to_string().contains("2000 MiB"));
    }
}
