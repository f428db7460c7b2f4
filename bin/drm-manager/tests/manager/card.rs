//! A card without a kernel: its connectors are plugged by the fake host.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex, MutexGuard};

use drm_manager::cards::{CardError, Cards, Connector, Lessee, NewLease};
use lunette_frame::{ScanoutId, Size};
use lunette_sys_kms::LesseeId;

/// Which connectors have a screen.
///
/// As with virtio-gpu the kernel says when it has heard of a change, and a connector's state stays as it was first seen,
/// unless it is `eager`, which kernels are that say nothing.
#[derive(Debug, Clone)]
pub(crate) struct Plugs {
    plugged: Arc<Mutex<BTreeSet<ScanoutId>>>,
    first: BTreeSet<ScanoutId>,
    teller: Arc<UnixDatagram>,
    told: Arc<UnixDatagram>,
    eager: bool,
}

impl Plugs {
    pub(crate) fn new(plugged: &[u16], eager: bool) -> Self {
        let first: BTreeSet<_> = plugged.iter().copied().map(ScanoutId::new).collect();
        let (teller, told) = UnixDatagram::pair().expect("sockets");
        told.set_nonblocking(true).expect("a socket");
        let plugged = Arc::new(Mutex::new(first.clone()));
        Self { plugged, first, teller: Arc::new(teller), told: Arc::new(told), eager }
    }

    pub(crate) fn set(&self, scanout: ScanoutId, plugged: bool) {
        let mut plugged_in = self.plugged.lock().expect("no panics");
        if plugged {
            plugged_in.insert(scanout);
        } else {
            plugged_in.remove(&scanout);
        }
        if !self.eager {
            self.teller.send(b"change@/gpu\0SUBSYSTEM=drm\0HOTPLUG=1\0DEVNAME=dri/card0\0").expect("somebody listens");
        }
    }

    fn seen(&self, scanout: ScanoutId) -> bool {
        if self.eager {
            self.plugged.lock().expect("no panics").contains(&scanout)
        } else {
            self.first.contains(&scanout)
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) leases: BTreeMap<ScanoutId, u32>,
    pub(crate) last_lessee: u32,
    /// The connectors that the last manager looked at when it started.
    pub(crate) looked: Vec<ScanoutId>,
    /// Refuse every lease.
    pub(crate) refuse: bool,
    /// The sizes in which CRTCs were lit.
    pub(crate) lit: Vec<Size>,
}

#[derive(Debug, Clone)]
pub(crate) struct FakeCard {
    connectors: Vec<Connector>,
    plugs: Plugs,
    kernel: Arc<Mutex<Kernel>>,
}

impl FakeCard {
    pub(crate) fn new(outputs: u16, plugs: Plugs) -> Self {
        let connector = |id: u16| Connector {
            scanout: ScanoutId::new(id),
            name: format!("Virtual-{}", id + 1),
            node: "dri/card0".into(),
        };
        Self { connectors: (0..=outputs).map(connector).collect(), plugs, kernel: Arc::default() }
    }

    pub(crate) fn kernel(&self) -> MutexGuard<'_, Kernel> {
        self.kernel.lock().expect("no panics")
    }
}

impl Cards for FakeCard {
    fn connectors(&self) -> &[Connector] {
        &self.connectors
    }

    fn lessees(&self) -> Result<Vec<Lessee>, CardError> {
        Ok(self.kernel().leases.values().copied().map(lessee).collect())
    }

    fn look(&self, leased: &BTreeSet<ScanoutId>) -> Result<(), CardError> {
        let seen = self.connectors.iter().map(|connector| connector.scanout).filter(|id| !leased.contains(id));
        self.kernel().looked = seen.collect();
        Ok(())
    }

    fn events(&self) -> io::Result<UnixDatagram> {
        if self.plugs.eager { Err(io::ErrorKind::PermissionDenied.into()) } else { self.plugs.told.try_clone() }
    }

    fn is_connected(&self, scanout: ScanoutId) -> Result<bool, CardError> {
        Ok(self.plugs.seen(scanout))
    }

    fn lease(&self, scanout: ScanoutId, light: Option<Size>) -> Result<NewLease, CardError> {
        let mut kernel = self.kernel();
        kernel.lit.extend(light);
        if kernel.refuse || kernel.leases.contains_key(&scanout) {
            return Err(CardError::NoOutput(scanout));
        }
        kernel.last_lessee += 1;
        let lessee = kernel.last_lessee;
        kernel.leases.insert(scanout, lessee);
        let mut file = tempfile::tempfile().expect("a file");
        write!(file, "lease of {scanout}").expect("writable");
        Ok(NewLease { lessee: self::lessee(lessee), fd: file.into(), light: None })
    }

    fn revoke(&self, gone: Lessee) -> Result<(), CardError> {
        self.kernel().leases.retain(|_, held| lessee(*held) != gone);
        Ok(())
    }
}

fn lessee(number: u32) -> Lessee {
    Lessee { card: 0, id: LesseeId::new(number) }
}
