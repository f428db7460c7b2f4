//! The real card.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use lunette_frame::{ScanoutId, Size};
use lunette_sys_kms::{self as kms, ConnectorStatus, Framebuffer, LesseeId, Mode, Output, Probe};
use rustix::io::Errno;

use crate::card::{Card, CardError, Connector, Light, NewLease};
use crate::hotplug;

const SYSFS: &str = "/sys/class/drm";

/// A DRM device of which this process is the master.
#[derive(Debug)]
pub struct KmsCard {
    card: kms::Card,
    /// Its name under `/sys/class/drm`, such as `card0`.
    name: String,
    outputs: Vec<(Connector, Output)>,
    connectors: Vec<Connector>,
}

impl KmsCard {
    /// Becomes the master of the device, by the descriptor of an earlier master where there is one.
    ///
    /// # Errors
    /// When it cannot be opened, somebody else is its master, or it has no outputs.
    pub fn open(device: &Path, earlier: Option<OwnedFd>) -> anyhow::Result<Self> {
        let card = match earlier {
            Some(fd) => kms::Card::from_fd(fd),
            None => kms::Card::open(device)?,
        };
        // Before anything is listed: without it the kernel adds planes to leases by itself, and refuses ours.
        card.enable_universal_planes()?;
        card.become_master().with_context(|| format!("{} has another master", device.display()))?;
        let name = sysfs_name(device)?;
        let outputs: Vec<_> = card.outputs()?.into_iter().enumerate().filter_map(numbered).collect();
        tracing::info!(device = %device.display(), driver = card.driver()?, outputs = outputs.len(), "DRM master");
        let connectors = outputs.iter().map(|(connector, _)| connector.clone()).collect();
        Ok(Self { card, name, outputs, connectors })
    }

    /// The descriptor that is the DRM master.
    #[must_use]
    pub fn master(&self) -> BorrowedFd<'_> {
        self.card.as_fd()
    }

    fn output(&self, scanout: ScanoutId) -> Result<&Output, CardError> {
        let found = self.outputs.iter().find(|(connector, _)| connector.scanout == scanout);
        found.map(|(_, output)| output).ok_or(CardError::NoOutput(scanout))
    }

    /// Shows black. Probes, and sets a mode: both wait for the mode-config lock.
    fn light(&self, output: &Output, size: Size) -> Result<Framebuffer, CardError> {
        let mode = self.mode(output, size)?;
        let black = self.card.create_framebuffer(size)?;
        self.card.set_crtc(output.crtc, output.connector, black.id(), &mode)?;
        Ok(black)
    }

    /// The mode that the screen offers, which may come a little after the screen.
    fn mode(&self, output: &Output, size: Size) -> Result<Mode, CardError> {
        const TRIES: u32 = 20;
        const PAUSE: Duration = Duration::from_millis(50);
        for _ in 0..TRIES {
            let connector = self.card.connector_probed(output.connector, Probe::Forced)?;
            if let Some(mode) = connector.mode(size) {
                return Ok(*mode);
            }
            thread::sleep(PAUSE);
        }
        Err(CardError::NoMode(size))
    }
}

impl Card for KmsCard {
    fn connectors(&self) -> &[Connector] {
        &self.connectors
    }

    fn lessees(&self) -> Result<Vec<LesseeId>, CardError> {
        Ok(self.card.lessees()?)
    }

    fn look(&self, leased: &BTreeSet<ScanoutId>) -> Result<(), CardError> {
        for (_, output) in self.outputs.iter().filter(|(connector, _)| !leased.contains(&connector.scanout)) {
            self.card.connector_probed(output.connector, Probe::Forced)?;
        }
        Ok(())
    }

    fn events(&self) -> io::Result<UnixDatagram> {
        hotplug::kernel_events()
    }

    fn is_connected(&self, scanout: ScanoutId) -> Result<bool, CardError> {
        let output = self.output(scanout)?;
        let status = kms::connector_status(Path::new(SYSFS), &self.name, &output.name);
        Ok(status.map_err(CardError::Sysfs)? == ConnectorStatus::Connected)
    }

    fn lease(&self, scanout: ScanoutId, light: Option<Size>) -> Result<NewLease, CardError> {
        let output = self.output(scanout)?;
        let light = light.map(|size| self.light(output, size)).transpose()?;
        let objects = output.objects();
        let kms::Lease { lessee, fd } = self.card.create_lease(&objects)?;
        let found = kms::Card::leased_objects(fd.as_fd())?.len();
        if found != objects.len() {
            self.revoke(lessee)?;
            return Err(CardError::Incomplete { asked: objects.len(), found });
        }
        Ok(NewLease { lessee, fd, light: light.map(|black| Light(Box::new(black))) })
    }

    fn revoke(&self, lessee: LesseeId) -> Result<(), CardError> {
        match self.card.revoke_lease(lessee) {
            // Its holder closed the descriptor first.
            Err(error) if error.errno() == Some(Errno::NOENT) => Ok(()),
            other => other.map_err(Into::into),
        }
    }
}

/// What the device is called under `/sys/class/drm`, whatever link it was named by.
fn sysfs_name(device: &Path) -> anyhow::Result<String> {
    let node: PathBuf = device.canonicalize().with_context(|| format!("cannot find {}", device.display()))?;
    let name = node.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("{} is no device node", device.display()))?.to_owned())
}

/// `Virtual-4` is scanout 3; a connector of another type counts by its place.
fn numbered((place, output): (usize, Output)) -> Option<(Connector, Output)> {
    let number = output.name.strip_prefix("Virtual-").and_then(|number| number.parse::<u16>().ok());
    let scanout = match number {
        Some(number) => number.checked_sub(1)?,
        None => u16::try_from(place).ok()?,
    };
    Some((Connector { scanout: ScanoutId::new(scanout), name: output.name.clone() }, output))
}

#[cfg(test)]
mod tests {
    use lunette_sys_kms::{ConnectorId, CrtcId, PlaneId};

    use super::*;

    fn output(name: &str) -> Output {
        let (connector, crtc, primary) = (ConnectorId::new(1), CrtcId::new(2), PlaneId::new(3));
        Output { connector, name: name.into(), crtc, primary, cursor: None }
    }

    #[test]
    fn scanouts_follow_the_names_of_virtual_connectors() {
        let scanout = |place, name| numbered((place, output(name))).map(|(connector, _)| connector.scanout.get());
        assert_eq!(scanout(0, "Virtual-16"), Some(15));
        assert_eq!(scanout(2, "HDMI-A-1"), Some(2));
        assert_eq!(scanout(0, "Virtual-0"), None);
    }
}
