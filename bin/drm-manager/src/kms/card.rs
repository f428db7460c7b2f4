//! One real card.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use lunette_frame::{ScanoutId, Size};
use lunette_sys_kms::{self as kms, ConnectorStatus, Framebuffer, LesseeId, Mode, Output, Probe};
use rustix::io::Errno;

use crate::cards::{CardError, Connector, Light};

const SYSFS: &str = "/sys/class/drm";

/// A DRM device of which this process is the master.
#[derive(Debug)]
pub(super) struct Card {
    card: kms::Card,
    /// Its name under `/sys/class/drm`, such as `card0`.
    name: String,
    outputs: Vec<(Connector, Output)>,
}

impl Card {
    /// Becomes the master of the device, by the descriptor of an earlier master where there is one. Its outputs are
    /// counted from `first`.
    pub(super) fn open(device: &Path, earlier: Option<OwnedFd>, first: u16) -> anyhow::Result<Self> {
        let card = match earlier {
            Some(fd) => kms::Card::from_fd(fd),
            None => kms::Card::open(device)?,
        };
        // Before anything is listed: without it the kernel adds planes to leases by itself, and refuses ours.
        card.enable_universal_planes()?;
        card.become_master().with_context(|| format!("{} has another master", device.display()))?;
        let name = sysfs_name(device)?;
        let node = format!("dri/{name}");
        let numbered = |(number, output): (u16, Output)| {
            (Connector { scanout: ScanoutId::new(number), name: output.name.clone(), node: node.clone() }, output)
        };
        let outputs: Vec<_> = (first..=u16::MAX).zip(card.outputs()?).map(numbered).collect();
        tracing::info!(device = %device.display(), driver = card.driver()?, outputs = outputs.len(), "DRM master");
        Ok(Self { card, name, outputs })
    }

    /// What can be leased.
    pub(super) fn connectors(&self) -> impl Iterator<Item = &Connector> {
        self.outputs.iter().map(|(connector, _)| connector)
    }

    /// The descriptor that is the DRM master.
    pub(super) fn master(&self) -> BorrowedFd<'_> {
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

/// As [`Cards`](crate::cards::Cards) has them.
impl Card {
    pub(super) fn lessees(&self) -> Result<Vec<LesseeId>, CardError> {
        Ok(self.card.lessees()?)
    }

    pub(super) fn look(&self, leased: &BTreeSet<ScanoutId>) -> Result<(), CardError> {
        for (_, output) in self.outputs.iter().filter(|(connector, _)| !leased.contains(&connector.scanout)) {
            self.card.connector_probed(output.connector, Probe::Forced)?;
        }
        Ok(())
    }

    pub(super) fn is_connected(&self, scanout: ScanoutId) -> Result<bool, CardError> {
        let output = self.output(scanout)?;
        let status = kms::connector_status(Path::new(SYSFS), &self.name, &output.name);
        Ok(status.map_err(CardError::Sysfs)? == ConnectorStatus::Connected)
    }

    pub(super) fn lease(
        &self,
        scanout: ScanoutId,
        light: Option<Size>,
    ) -> Result<(kms::Lease, Option<Light>), CardError> {
        let output = self.output(scanout)?;
        let light = light.map(|size| self.light(output, size)).transpose()?;
        let objects = output.objects();
        let lease = self.card.create_lease(&objects)?;
        let found = kms::Card::leased_objects(lease.fd.as_fd())?.len();
        if found != objects.len() {
            self.revoke(lease.lessee)?;
            return Err(CardError::Incomplete { asked: objects.len(), found });
        }
        Ok((lease, light.map(|black| Light(Box::new(black)))))
    }

    pub(super) fn revoke(&self, lessee: LesseeId) -> Result<(), CardError> {
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
