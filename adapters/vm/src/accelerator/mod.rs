//! What runs the guest's code, chosen by proof.
//!
//! A `/dev/kvm` that opens proves nothing: there are hosts where a machine is created, the firmware runs, and a kernel
//! hangs. So the very kernel is started with an initial file system of one tiny program, and whoever reaches that
//! program's line within the limit is believed, until something changes.

mod initramfs;
mod memory;
mod proof;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::VmError;
use crate::machine::{Arch, HostOs};

pub use proof::Proof;

/// What runs the guest's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// Linux's virtual machines.
    Kvm,
    /// macOS's virtual machines.
    Hvf,
    /// QEMU's translation, which runs everywhere, some ten times slower.
    Tcg,
}

impl Accelerator {
    /// Those that could run these guests on this host, the fastest first.
    pub fn candidates(host: HostOs, host_arch: Option<Arch>, guest: Arch) -> &'static [Self] {
        match host {
            _ if host_arch != Some(guest) => &[Self::Tcg],
            HostOs::Linux => &[Self::Kvm, Self::Tcg],
            HostOs::Mac => &[Self::Hvf, Self::Tcg],
        }
    }

    pub(crate) fn qemu_option(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Hvf => "hvf",
            Self::Tcg => "tcg,thread=multi",
        }
    }

    pub(crate) fn qemu_cpu(self) -> &'static str {
        match self {
            Self::Kvm | Self::Hvf => "host",
            Self::Tcg => "max",
        }
    }
}

impl fmt::Display for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kvm => "kvm",
            Self::Hvf => "hvf",
            Self::Tcg => "tcg",
        })
    }
}

impl FromStr for Accelerator {
    type Err = VmError;

    fn from_str(text: &str) -> Result<Self, VmError> {
        match text {
            "kvm" => Ok(Self::Kvm),
            "hvf" => Ok(Self::Hvf),
            "tcg" => Ok(Self::Tcg),
            _ => {
                let why = "there are kvm, hvf and tcg";
                Err(VmError::Setting { what: "the accelerator", given: text.to_owned(), why })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_guest_is_always_translated() {
        assert_eq!(Accelerator::candidates(HostOs::Linux, Some(Arch::Amd64), Arch::Arm64), [Accelerator::Tcg]);
        assert_eq!(Accelerator::candidates(HostOs::Mac, None, Arch::Arm64), [Accelerator::Tcg]);
    }

    #[test]
    fn hardware_comes_before_translation() {
        let linux = Accelerator::candidates(HostOs::Linux, Some(Arch::Amd64), Arch::Amd64);
        assert_eq!(linux, [Accelerator::Kvm, Accelerator::Tcg]);
        let mac = Accelerator::candidates(HostOs::Mac, Some(Arch::Arm64), Arch::Arm64);
        assert_eq!(mac, [Accelerator::Hvf, Accelerator::Tcg]);
    }

    #[test]
    fn names_are_read_back() {
        for accelerator in [Accelerator::Kvm, Accelerator::Hvf, Accelerator::Tcg] {
            assert_eq!(accelerator.to_string().parse::<Accelerator>().unwrap(), accelerator);
        }
        assert!("xen".parse::<Accelerator>().is_err());
    }
}
