//! Starting a kernel to see whether it can be.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use crate::accelerator::{Accelerator, initramfs, memory};
use crate::error::VmError;
use crate::guard::{Guard, Link, Plan, Report, tail};
use crate::machine::{Arch, HostOs};
use crate::qemu::Qemu;
use crate::rundir::{RunDir, RunPaths};

/// How long hardware may take to boot the kernel; where it works it takes about one second.
const LIMIT: Duration = Duration::from_secs(8);

/// The choice of an accelerator for one kernel.
#[derive(Debug, Clone)]
pub struct Proof {
    /// What is to run the kernel.
    pub qemu: Qemu,
    /// The kernel.
    pub kernel: PathBuf,
    /// Who guards the trial.
    pub guard: Guard,
    /// Where the outcome is remembered; `None` to prove it every time.
    pub memory: Option<PathBuf>,
}

impl Proof {
    /// A proof that is remembered in the user's cache.
    pub fn new(qemu: Qemu, kernel: PathBuf, guard: Guard) -> Self {
        Self { qemu, kernel, guard, memory: memory::default_file() }
    }

    /// The fastest accelerator that truly runs the kernel. Takes some seconds the first time.
    ///
    /// # Errors
    /// When the kernel cannot be read.
    pub fn choose(&self) -> Result<Accelerator, VmError> {
        let key = memory::key(&self.qemu, &self.kernel).map_err(VmError::file("read", &self.kernel))?;
        if let Some(known) = self.memory.as_ref().and_then(|file| memory::recall(file, &key)) {
            tracing::info!(accelerator = %known, "accelerator known from an earlier proof");
            return Ok(known);
        }
        let chosen = self.prove();
        if let Some(file) = &self.memory
            && let Err(error) = memory::remember(file, &key, chosen)
        {
            tracing::warn!(path = %file.display(), %error, "the accelerator cannot be remembered");
        }
        Ok(chosen)
    }

    fn prove(&self) -> Accelerator {
        let candidates = Accelerator::candidates(HostOs::current(), Arch::of_host(), self.qemu.arch);
        for &candidate in candidates {
            // Translation needs nothing of the host, and nothing is left to fall back to.
            if candidate == Accelerator::Tcg {
                break;
            }
            let start = Instant::now();
            match self.try_one(candidate) {
                Ok(()) => {
                    tracing::info!(accelerator = %candidate, took = ?start.elapsed(), "accelerator proved");
                    return candidate;
                }
                Err(why) => {
                    tracing::info!(accelerator = %candidate, took = ?start.elapsed(), why, "accelerator refused");
                }
            }
        }
        tracing::info!("the guest's code is translated (tcg), which is slow and works everywhere");
        Accelerator::Tcg
    }

    /// Boots the kernel on one accelerator.
    ///
    /// # Errors
    /// In words, why that did not work.
    pub fn try_one(&self, candidate: Accelerator) -> Result<(), String> {
        if candidate == Accelerator::Kvm {
            memory::opens("/dev/kvm").map_err(|error| format!("/dev/kvm: {error}"))?;
        }
        let run = RunDir::claim(trial_paths()).map_err(|error| error.to_string())?;
        let paths = run.paths().clone();
        let initrd = paths.root().join("initrd");
        fs::write(&initrd, initramfs::initramfs(self.qemu.arch)).map_err(|error| error.to_string())?;
        let plan = Plan {
            program: self.qemu.program.clone(),
            arguments: self.arguments(candidate, &initrd),
            run_dir: paths.root().to_owned(),
            console_log: paths.console_log(),
            complaints_log: paths.qemu_log(),
            ready_line: initramfs::LINE.trim_end().to_owned(),
        };
        let (sender, reports) = sync_channel(8);
        let lock = run.share_lock().map_err(|error| error.to_string())?;
        let link = Link::start(&self.guard, &plan, lock, move |report| drop(sender.try_send(report)));
        let _link = link.map_err(|error| error.to_string())?;
        outcome(&reports, &paths)
    }

    fn arguments(&self, candidate: Accelerator, initrd: &Path) -> Vec<String> {
        let append = format!("console={} quiet panic=-1", self.qemu.arch.console());
        let (kernel, initrd) = (self.kernel.display().to_string(), initrd.display().to_string());
        let words = [
            ["-machine", self.qemu.arch.qemu_machine()],
            ["-accel", candidate.qemu_option()],
            ["-cpu", candidate.qemu_cpu()],
            ["-m", "256M"],
            // Some hosts fail only when the second processor starts.
            ["-smp", "2"],
            ["-vga", "none"],
            ["-display", "none"],
            ["-kernel", &kernel],
            ["-initrd", &initrd],
            ["-append", &append],
            ["-chardev", "stdio,id=console,signal=off"],
            ["-serial", "chardev:console"],
        ];
        let flags = ["-nodefaults", "-no-user-config", "-no-reboot"];
        flags.into_iter().chain(words.as_flattened().iter().copied()).map(str::to_owned).collect()
    }
}

fn outcome(reports: &Receiver<Report>, paths: &RunPaths) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let left = LIMIT.saturating_sub(start.elapsed());
        match reports.recv_timeout(left) {
            Ok(Report::Ready) => return Ok(()),
            Ok(Report::Started { .. }) => {}
            Ok(Report::Failed(why)) => return Err(why),
            Ok(Report::Exited { .. } | Report::GuardGone) => {
                let complaints = tail(&paths.qemu_log(), 300);
                return Err(format!("QEMU ended without booting the kernel: {}", complaints.trim()));
            }
            Err(_) => return Err(format!("the kernel did not boot within {LIMIT:?}")),
        }
    }
}

fn trial_paths() -> RunPaths {
    // Trials of one process do not meet, and a number that was used by a dead process is taken over.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("lunette-trial-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    RunPaths::new(std::env::temp_dir().join(name))
}
