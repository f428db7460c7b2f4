//! Waiting for the end.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use lunette_vm::VmEvent;

use crate::lab::Lab;

/// How often it is looked whether somebody pressed Ctrl-C.
const GLANCE: Duration = Duration::from_millis(250);

/// Waits for Ctrl-C or the time given.
///
/// # Errors
/// When QEMU, the guest or frame-export ends before.
pub(super) fn end(lab: &mut Lab, interrupts: &Receiver<()>, until: Option<Instant>) -> Result<()> {
    while interrupts.try_recv().is_err() && until.is_none_or(|until| Instant::now() < until) {
        if let Some(status) = lab.exporter_mut().ended()? {
            bail!("frame-export ended ({status}); its log ends with:\n{}", lab.exporter().last_lines());
        }
        match lab.vm().next_event(GLANCE) {
            Some(VmEvent::Reset { by_guest: true }) => bail!("the guest restarted, so its leases are gone"),
            Some(VmEvent::Stopped) => bail!("the guest switched itself off"),
            Some(VmEvent::Died { status, log }) => bail!("QEMU died ({status}): {log}"),
            _ => {}
        }
    }
    Ok(())
}
