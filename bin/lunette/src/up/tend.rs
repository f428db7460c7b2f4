//! While it runs: whatever dies is started again, and Ctrl-C ends all of it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lunette_vm::VmEvent;

use super::start::Whole;
use crate::interrupts::interrupts;

/// How often it is looked whether anything died.
const GLANCE: Duration = Duration::from_millis(250);
/// For the guest to switch itself off.
const GRACE: Duration = Duration::from_secs(5);
/// So many deaths in so long a time, and a person has to look.
const MOST: usize = 5;
const WITHIN: Duration = Duration::from_secs(300);

/// Tends it until Ctrl-C or SIGTERM; returns what to print then.
pub(super) fn tend(mut whole: Whole) -> Result<String> {
    let interrupts = interrupts()?;
    let mut deaths = Deaths::default();
    loop {
        let event = whole.lab.vm().next_event(GLANCE);
        // Ctrl-C of a terminal reaches everything that was started, too: what ends by it is not started again.
        if interrupts.try_recv().is_ok() {
            break;
        }
        match event {
            // It is told that QEMU ended, and no more.
            Some(VmEvent::Died { status, log }) => {
                deaths.note(&format!("the machine died ({status}): {log}"))?;
                whole = replace_machine(whole)?;
            }
            Some(VmEvent::Stopped | VmEvent::Shutdown { .. }) => {
                deaths.note("the machine was switched off")?;
                whole = replace_machine(whole)?;
            }
            _ => {}
        }
        if let Some(status) = whole.lab.exporter_mut().ended()? {
            deaths.note(&format!("frame-export ended ({status})"))?;
            whole.lab.exporter_mut().restart().context("cannot start frame-export again")?;
        }
        if let Some(status) = whole.plane.ended()? {
            deaths.note(&format!("control-plane ended ({status})"))?;
            whole.plane.restart().context("cannot start control-plane again")?;
        }
    }
    eprintln!("ending");
    let Whole { plane, mut lab, lock, .. } = whole;
    drop(plane);
    lab.vm_mut().powerdown(GRACE)?;
    drop((lab, lock));
    Ok(String::new())
}

/// Another machine in the place of one that is gone; the control plane makes its desktops again.
fn replace_machine(whole: Whole) -> Result<Whole> {
    let Whole { plane, lab, plan, lock } = whole;
    let lab = lab.replace_machine(&plan).context("cannot start the machine again")?;
    eprintln!("the machine runs again");
    Ok(Whole { plane, lab, plan, lock })
}

#[derive(Default)]
struct Deaths(Vec<Instant>);

impl Deaths {
    fn note(&mut self, what: &str) -> Result<()> {
        eprintln!("{what}; it is started again");
        self.0.retain(|at| at.elapsed() < WITHIN);
        self.0.push(Instant::now());
        ensure!(self.0.len() <= MOST, "{what}, as the {}th of {} s", self.0.len(), WITHIN.as_secs());
        Ok(())
    }
}
