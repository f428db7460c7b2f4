//! What has happened so far.

/// Totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests for a lease.
    pub requested: u64,
    /// Leases handed out.
    pub granted: u64,
    /// Leases of an earlier manager that live on.
    pub restored: u64,
    /// Requests answered with a refusal.
    pub refused: u64,
    /// Leases that ended.
    pub ended: u64,
    /// Outputs plugged once more because the guest did not see it.
    pub nudges: u64,
    /// Leases plugged once more because the host was away.
    pub replugged: u64,
    /// Releases by somebody who does not own the lease.
    pub foreign_releases: u64,
    /// Times that the host would not unplug an output.
    pub failed_unplugs: u64,
    /// Outputs whose connector stayed connected although the host had unplugged it.
    pub slow_unplugs: u64,
    /// Times that the host was lost.
    pub host_losses: u64,
}
