//! Hops of this machine: what `lunette up` needs.

use std::path::Path;

use lunette_image::{Builder, Cache, ImageName, Kernel, Recipe, Target};
use lunette_vm::accelerator::Proof;
use lunette_vm::{Arch, Qemu};

use super::Hop;
use crate::lab::Programs;
use crate::up::{PROGRAMS, available_mib, disk_mib};
use crate::vm::this_program;

/// MiB that a machine with two desktops has.
const MEMORY: u64 = 5400;
/// MiB that images, and what is kept, take.
const DISK: u64 = 4096;
/// MiB without which nothing can be kept.
const FULL: u64 = 64;

pub(super) fn machine(folder: &Path, prove: bool) -> Vec<Hop> {
    let qemu = Arch::of_host().map(Qemu::find);
    let found = qemu.as_ref().and_then(|qemu| qemu.as_ref().ok());
    let first = match &qemu {
        None => Hop::bad("QEMU", "there are no guests for this processor", "use x86-64 or arm64"),
        Some(Ok(qemu)) => Hop::good("QEMU", format!("{} of version {}", qemu.program.display(), qemu.version)),
        Some(Err(error)) => {
            let remedy = "install QEMU 10 or newer: Debian's package is qemu-system";
            Hop::bad("QEMU", chain(error), remedy)
        }
    };
    let accelerator = accelerator(found, prove);
    vec![first, accelerator, programs(), image(), memory(), disk(folder), encoder()]
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn accelerator(qemu: Option<&Qemu>, prove: bool) -> Hop {
    let name = "accelerator";
    let there = Path::new("/dev/kvm").exists();
    let Some(qemu) = qemu else { return Hop::odd(name, "not looked at without QEMU", "see above") };
    if !prove {
        let seen = if there { "/dev/kvm is there" } else { "no /dev/kvm: guests run by emulation, which is slow" };
        return match there {
            true => Hop::odd(name, seen, "whether it works is only known by trying: --prove does"),
            false => Hop::odd(name, seen, "a machine with KVM boots desktops ten times as fast"),
        };
    }
    let kernel = target().and_then(|target| Ok(builder()?.cached(target)?.map(|image| image.kernel)));
    let Ok(Some(kernel)) = kernel else {
        return Hop::odd(name, "not proved without an image", "`lunette image build desktop` makes one");
    };
    match this_program().and_then(|guard| Ok(Proof::new(qemu.clone(), kernel, guard).choose()?)) {
        Ok(proved) => Hop::good(name, format!("{proved}, by proof")),
        Err(error) => Hop::bad(name, format!("{error:#}"), "try `lunette up --accel tcg`"),
    }
}

fn programs() -> Hop {
    let name = "programs";
    match Programs::beside_this() {
        Ok(programs) => {
            let missing: Vec<&str> = PROGRAMS.into_iter().filter(|name| programs.path(name).is_err()).collect();
            match missing.as_slice() {
                [] => Hop::good(name, format!("{} beside this one", PROGRAMS.len())),
                missing => {
                    Hop::bad(name, format!("missing: {}", missing.join(", ")), "`./run`, or cargo build --workspace")
                }
            }
        }
        Err(error) => Hop::bad(name, format!("{error:#}"), "start lunette by its path"),
    }
}

fn target() -> anyhow::Result<Target> {
    let arch = lunette_image::Arch::of_this_machine()?;
    Ok(Target { image: ImageName::Desktop, arch, kernel: Kernel::Backports })
}

fn builder() -> anyhow::Result<Builder> {
    Ok(Builder::new(Cache::for_user()?, Recipe::embedded()?))
}

fn image() -> Hop {
    let name = "image";
    match target().and_then(|target| Ok(builder()?.cached(target)?)) {
        Ok(Some(image)) => Hop::good(name, image.kernel.display().to_string()),
        Ok(None) => Hop::odd(name, "the desktop image is not built", "`lunette up` builds it, in some minutes"),
        Err(error) => Hop::bad(name, format!("{error:#}"), "`lunette image list` says more"),
    }
}

fn memory() -> Hop {
    let name = "memory";
    match available_mib() {
        Some(free) if free >= MEMORY => Hop::good(name, format!("{free} MiB are free")),
        Some(free) => {
            Hop::odd(name, format!("{free} MiB are free"), "two desktops take 5 GiB: use fewer, or --vm-memory")
        }
        None => Hop::odd(name, "the system does not say", "two desktops take 5 GiB"),
    }
}

fn disk(folder: &Path) -> Hop {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
    let cache = std::env::var_os("HOME").map_or_else(|| there.to_owned(), Into::into);
    let room = [there, cache.as_path()].into_iter().filter_map(|path| Some((disk_mib(path)?, path)));
    room_on_disk(room.min())
}

/// By the folder that has the least room.
fn room_on_disk(least: Option<(u64, &Path)>) -> Hop {
    let name = "disk";
    let Some((free, folder)) = least else {
        return Hop::odd(name, "the system does not say", "images take 4 GiB while they are built");
    };
    let seen = format!("{free} MiB are free for {}", folder.display());
    match free {
        DISK.. => Hop::good(name, seen),
        FULL.. => Hop::odd(name, seen, "images take 4 GiB while they are built"),
        _ => Hop::bad(name, seen, "make room: nothing can be kept. `lunette image remove` lets images go"),
    }
}

fn encoder() -> Hop {
    let name = "encode";
    match super::live::encoder() {
        Ok(seen) => Hop::good(name, seen),
        Err(error) => Hop::bad(name, format!("{error:#}"), "frame-export's log says which encoder it chose, and why"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn a_full_disk_is_bad_a_small_one_odd_and_the_folder_is_named() {
        let state = |free| room_on_disk(Some((free, Path::new("/x")))).state;
        let states = [0, FULL - 1, FULL, DISK - 1, DISK].map(state);
        assert_eq!(states, [Health::Bad, Health::Bad, Health::Odd, Health::Odd, Health::Good]);
        let full = room_on_disk(Some((3, Path::new("/srv/state"))));
        assert_eq!(full.seen, "3 MiB are free for /srv/state");
        assert!(full.remedy.is_some_and(|remedy| remedy.contains("make room")));
    }
}
