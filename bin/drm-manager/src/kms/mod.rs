//! The real cards.

mod card;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use lunette_frame::{ScanoutId, Size};
use lunette_gpu::Vendor;
use lunette_gpus::Roots;

use crate::cards::{CardError, Cards, Connector, Lessee, NewLease};
use crate::hotplug;
use card::Card;

/// DRM devices of which this process is the master, as one.
#[derive(Debug)]
pub struct KmsCards {
    cards: Vec<Card>,
    connectors: Vec<Connector>,
    /// The card of each connector, by its place.
    places: Vec<u16>,
    /// The places of cards that had no earlier master.
    new: Vec<usize>,
}

impl KmsCards {
    /// Becomes the master of these devices, by descriptors of `earlier` masters where there are some. Outputs are counted
    /// through, from one device to the next. Without devices it takes the [virtual ones](virtual_cards).
    ///
    /// # Errors
    /// When one cannot be opened or has another master, or there is none.
    pub fn open(devices: &[PathBuf], earlier: Vec<OwnedFd>) -> anyhow::Result<Self> {
        let found = if devices.is_empty() { virtual_cards()? } else { devices.to_vec() };
        let mut earlier = earlier;
        let mut all = Self { cards: Vec::new(), connectors: Vec::new(), places: Vec::new(), new: Vec::new() };
        for (place, device) in (0..).zip(&found) {
            let before = earlier.iter().position(|fd| is_of(fd, device)).map(|index| earlier.swap_remove(index));
            if before.is_none() {
                all.new.push(all.cards.len());
            }
            let first = u16::try_from(all.connectors.len()).context("too many outputs")?;
            let card = Card::open(device, before, first)?;
            all.connectors.extend(card.connectors().cloned());
            all.places.resize(all.connectors.len(), place);
            all.cards.push(card);
        }
        // The host takes a card with several outputs for the only one.
        let mixed = all.cards.len() > 1 && all.cards.len() != all.connectors.len();
        ensure!(!mixed, "there are several cards, and not each has one output: name those that count with --device");
        Ok(all)
    }

    /// The descriptors that are DRM masters, and were none of an earlier manager.
    pub fn new_masters(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.new.iter().map(|place| self.cards[*place].master())
    }

    fn of_scanout(&self, scanout: ScanoutId) -> Result<(u16, &Card), CardError> {
        let place = *self.places.get(usize::from(scanout.get())).ok_or(CardError::NoOutput(scanout))?;
        Ok((place, &self.cards[usize::from(place)]))
    }
}

impl Cards for KmsCards {
    fn connectors(&self) -> &[Connector] {
        &self.connectors
    }

    fn lessees(&self) -> Result<Vec<Lessee>, CardError> {
        let mut all = Vec::new();
        for (place, card) in (0..).zip(&self.cards) {
            all.extend(card.lessees()?.into_iter().map(|id| Lessee { card: place, id }));
        }
        Ok(all)
    }

    fn look(&self, leased: &BTreeSet<ScanoutId>) -> Result<(), CardError> {
        self.cards.iter().try_for_each(|card| card.look(leased))
    }

    fn events(&self) -> io::Result<UnixDatagram> {
        hotplug::kernel_events()
    }

    fn is_connected(&self, scanout: ScanoutId) -> Result<bool, CardError> {
        self.of_scanout(scanout)?.1.is_connected(scanout)
    }

    fn lease(&self, scanout: ScanoutId, light: Option<Size>) -> Result<NewLease, CardError> {
        let (place, card) = self.of_scanout(scanout)?;
        let (lease, light) = card.lease(scanout, light)?;
        Ok(NewLease { lessee: Lessee { card: place, id: lease.lessee }, fd: lease.fd, light })
    }

    fn revoke(&self, lessee: Lessee) -> Result<(), CardError> {
        // The book of a lease may be of a machine with more cards.
        self.cards.get(usize::from(lessee.card)).map_or(Ok(()), |card| card.revoke(lessee.id))
    }
}

/// The nodes of the machine's virtual cards, by where they are plugged in: the host counts them so, too.
fn virtual_cards() -> anyhow::Result<Vec<PathBuf>> {
    let machine = lunette_gpus::read(&Roots::default(), None)?;
    let ours = machine.in_order().into_iter().filter(|card| Vendor::Virtio.made(card));
    let nodes: Vec<_> = ours.filter_map(|card| Some(Path::new("/dev").join(&card.primary.as_ref()?.name))).collect();
    if nodes.is_empty() {
        bail!("this machine has no virtio display card; name a card of another kind with --device");
    }
    // One that is missing would shift the numbers of those behind it.
    let plugged = plugged(Path::new("/sys"));
    ensure!(
        nodes.len() >= plugged,
        "{plugged} virtio display cards are plugged in, of which {} have a node",
        nodes.len()
    );
    Ok(nodes)
}

/// How many virtio display cards the PCI bus has, whether or not their driver is there yet.
fn plugged(sys: &Path) -> usize {
    const VIRTIO_DISPLAY: [&str; 2] = ["0x1af4", "0x1050"];
    let devices = std::fs::read_dir(sys.join("bus/pci/devices")).into_iter().flatten().flatten();
    let is_display = |device: &std::fs::DirEntry| {
        let word = |file| std::fs::read_to_string(device.path().join(file)).unwrap_or_default();
        [word("vendor").trim(), word("device").trim()] == VIRTIO_DISPLAY
    };
    devices.filter(is_display).count()
}

fn is_of(fd: &OwnedFd, device: &Path) -> bool {
    let (Ok(held), Ok(node)) = (rustix::fs::fstat(fd.as_fd()), rustix::fs::stat(device)) else { return false };
    held.st_rdev == node.st_rdev
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_belongs_to_the_device_with_its_number() {
        let null = OwnedFd::from(std::fs::File::open("/dev/null").expect("every system has one"));
        assert!(is_of(&null, Path::new("/dev/null")));
        assert!(!is_of(&null, Path::new("/dev/zero")) && !is_of(&null, Path::new("/nowhere")));
    }

    #[test]
    fn cards_are_counted_where_they_are_plugged_in() {
        let sys = tempfile::tempdir().expect("a folder");
        assert_eq!(plugged(sys.path()), 0);
        for (place, vendor, device) in [("0", "0x1af4", "0x1050"), ("1", "0x1af4", "0x1041"), ("2", "0x1af4", "0x1050")]
        {
            let folder = sys.path().join("bus/pci/devices").join(place);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("vendor"), format!("{vendor}\n")).expect("a file");
            std::fs::write(folder.join("device"), format!("{device}\n")).expect("a file");
        }
        assert_eq!(plugged(sys.path()), 2);
    }

    #[test]
    fn what_is_no_card_says_so() {
        let error = KmsCards::open(&["/dev/null".into()], Vec::new()).expect_err("no card");
        assert!(format!("{error:#}").contains("every type of plane"), "{error:#}");
    }
}
