//! Why a client gets no lease.

use lunette_frame::Size;

/// Why a client gets no lease, in words that fit the reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Every output is in use.
    #[error("no scanouts available (all {0} in use)")]
    NoneFree(usize),
    /// A size that no output has.
    #[error("no output can show {0}")]
    Size(Size),
    /// The host will not plug the output.
    #[error("QEMU enable failed: {0}")]
    Host(String),
    /// The host was lost, and did not come back in time.
    #[error("host unreachable: {0}")]
    HostLost(String),
    /// The host did not answer in time.
    #[error("QEMU enable failed: no answer in time")]
    HostSilent,
    /// The host did plug the output, and the guest never saw it.
    #[error("the connector was never connected")]
    NeverConnected,
    /// The kernel will not lease it.
    #[error("DRM lease failed: {0}")]
    Lease(String),
    /// The kernel did not lease it in time.
    #[error("DRM lease failed: no answer in time")]
    LeaseSlow,
    /// No leases any more.
    #[error("the lease manager is shutting down")]
    Closing,
}
