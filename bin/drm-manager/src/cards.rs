//! The cards whose outputs are leased, as the broker sees them.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

use lunette_frame::{ScanoutId, Size};
use lunette_sys_kms::{KmsError, LesseeId};

/// Why the card did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The kernel refused.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// The connector's state cannot be read.
    #[error("cannot read the connector's state")]
    Sysfs(#[source] io::Error),
    /// No card has such an output.
    #[error("there is no scanout {0}")]
    NoOutput(ScanoutId),
    /// The lease lacks something.
    #[error("the lease has {found} objects, not {asked}")]
    Incomplete {
        /// Objects asked for.
        asked: usize,
        /// Objects that it has.
        found: usize,
    },
    /// The screen does not offer the size that the CRTC was to be lit with.
    #[error("the connector offers no mode of {0}")]
    NoMode(Size),
}

/// One output that can be leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// The output.
    pub scanout: ScanoutId,
    /// Its connector's name, such as `Virtual-2`.
    pub name: String,
    /// Its card's node below `/dev`, such as `dri/card1`.
    pub node: String,
}

/// The picture that lights a CRTC; shown until something else is, freed when dropped.
pub struct Light(pub Box<dyn Send>);

impl fmt::Debug for Light {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Light")
    }
}

/// Who holds a lease: the kernel counts the lessees of each card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lessee {
    /// The card's place among the cards.
    pub card: u16,
    /// Its number there.
    pub id: LesseeId,
}

/// A lease that was just made.
#[derive(Debug)]
pub struct NewLease {
    /// Its name for [`Cards::revoke`].
    pub lessee: Lessee,
    /// What the client gets.
    pub fd: OwnedFd,
    /// What must stay as long as the lease.
    pub light: Option<Light>,
}

/// The cards whose outputs are leased.
///
/// Only [`Cards::lease`] may wait for a lock that compositors hold; it is called on a thread of its own.
pub trait Cards: Send + Sync + 'static {
    /// What can be leased, in the order of the cards.
    fn connectors(&self) -> &[Connector];

    /// Who holds a lease.
    ///
    /// # Errors
    /// When the kernel does not tell.
    fn lessees(&self) -> Result<Vec<Lessee>, CardError>;

    /// Makes the driver look at every connector but those of outputs that are `leased`: the only time that it is made to,
    /// and not where a compositor may hold the lock.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn look(&self, leased: &BTreeSet<ScanoutId>) -> Result<(), CardError>;

    /// Where the kernel says that it has heard what is plugged in: one event in each datagram, as kobject uevents are.
    ///
    /// # Errors
    /// When this process may not know.
    fn events(&self) -> io::Result<UnixDatagram>;

    /// Whether the guest's kernel saw a screen there when it last looked; virtio-gpu does not look by itself.
    ///
    /// # Errors
    /// When it does not say.
    fn is_connected(&self, scanout: ScanoutId) -> Result<bool, CardError>;

    /// Leases an output; first lights its CRTC in this size, when there is one.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn lease(&self, scanout: ScanoutId, light: Option<Size>) -> Result<NewLease, CardError>;

    /// Ends a lease; one that has ended already is no error.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn revoke(&self, lessee: Lessee) -> Result<(), CardError>;
}
