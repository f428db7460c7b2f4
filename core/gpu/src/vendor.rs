//! Whose card.

use crate::Card;

/// Whose card a desktop is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// A virtual machine's, or any that is there.
    Virtio,
    /// NVIDIA's.
    Nvidia,
    /// AMD's.
    Amd,
    /// Intel's.
    Intel,
    /// Inferentia or Trainium.
    Neuron,
    /// Nobody's: software draws.
    None,
}

impl Vendor {
    /// The vendor of this name. Names that are not known count as [`Vendor::Virtio`], so that such a desktop still gets
    /// what the machine has.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "nvidia" => Self::Nvidia,
            "amd" => Self::Amd,
            "intel" => Self::Intel,
            "neuron" => Self::Neuron,
            "none" => Self::None,
            _ => Self::Virtio,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Virtio => "virtio",
            Self::Nvidia => "nvidia",
            Self::Amd => "amd",
            Self::Intel => "intel",
            Self::Neuron => "neuron",
            Self::None => "none",
        }
    }

    /// Names of its drivers in sysfs. That of a virtual card is the driver of the bus or of the card, by the kernel's
    /// version.
    pub(crate) fn drivers(self) -> &'static [&'static str] {
        match self {
            Self::Virtio => &["virtio_gpu", "virtio-pci"],
            Self::Nvidia => &["nvidia"],
            Self::Amd => &["amdgpu"],
            Self::Intel => &["i915", "xe"],
            Self::Neuron | Self::None => &[],
        }
    }

    /// Whether its driver drives this card.
    #[must_use]
    pub fn made(self, card: &Card) -> bool {
        self.drivers().contains(&card.driver.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_known_is_no_reason_to_give_nothing() {
        for name in ["virtio", "", "matrox", "NVIDIA Corporation"] {
            assert_eq!(Vendor::of_name(name), Vendor::Virtio, "{name:?}");
        }
        assert_eq!(Vendor::of_name("NVIDIA"), Vendor::Nvidia);
        assert_eq!(Vendor::of_name("none"), Vendor::None);
    }

    #[test]
    fn names_lead_back_to_their_vendors() {
        use Vendor::{Amd, Intel, Neuron, None, Nvidia, Virtio};
        for vendor in [Virtio, Nvidia, Amd, Intel, Neuron, None] {
            assert_eq!(Vendor::of_name(vendor.name()), vendor);
        }
    }
}
