//! What programs are told of their devices.

use std::collections::BTreeMap;

use crate::{Card, Vendor};

/// A map under construction.
#[derive(Debug, Default)]
pub(crate) struct Environment(pub(crate) BTreeMap<String, String>);

impl Environment {
    pub(crate) fn of(vendor: Vendor) -> Self {
        Self::default().with("GPU_VENDOR", vendor.name())
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// The node that draws, or that none does.
    pub(crate) fn drawn_by(self, render: Option<&str>) -> Self {
        match render {
            Some(name) => self.with("HELIX_RENDER_NODE", format!("/dev/{name}")),
            None => self.with("HELIX_RENDER_NODE", "SOFTWARE").with("LIBGL_ALWAYS_SOFTWARE", "1"),
        }
    }

    pub(crate) fn leased(self) -> Self {
        let leased = self.with("HELIX_SCANOUT_MODE", "1").with("HELIX_VIDEO_MODE", "scanout");
        leased.with("XDG_RUNTIME_DIR", "/run/user/1000")
    }

    pub(crate) fn indexed(self, index: Option<u32>) -> Self {
        match index {
            Some(index) => self.with("HELIX_GPU_INDEX", index.to_string()),
            None => self,
        }
    }

    /// Of the chosen cards of NVIDIA's; `index` when one was chosen among several.
    ///
    /// The runtime's own variable does not keep other GPUs' nodes out of nested containers, so CUDA is told as well. A
    /// UUID means the same wherever it is read, an index only where all GPUs are seen, in the order of their slots.
    pub(crate) fn nvidia(self, cards: &[&Card], index: Option<u32>) -> Self {
        let uuid = |card: &&Card| card.nvidia.as_ref().and_then(|nvidia| nvidia.uuid.clone());
        let uuids: Option<Vec<String>> = cards.iter().map(uuid).collect();
        let named = uuids.filter(|uuids| !uuids.is_empty()).map(|uuids| uuids.join(","));
        let visible = index.and_then(|index| named.clone().or(Some(index.to_string())));
        let told = self.with("NVIDIA_VISIBLE_DEVICES", visible.clone().unwrap_or_else(|| "all".to_owned()));
        let told = told.with("NVIDIA_DRIVER_CAPABILITIES", "compute,utility,video,graphics,display");
        let told = told.with("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        let all = || (0..cards.len()).map(|index| index.to_string()).collect::<Vec<_>>().join(",");
        told.with("CUDA_VISIBLE_DEVICES", visible.or(named).unwrap_or_else(all))
    }

    /// Of AMD's. ROCm counts only the cards whose nodes it can open: one that is alone is the first.
    pub(crate) fn amd(self, cards: usize) -> Self {
        let all = (0..cards).map(|index| index.to_string()).collect::<Vec<_>>().join(",");
        self.with("HIP_VISIBLE_DEVICES", all.clone()).with("ROCR_VISIBLE_DEVICES", all)
    }
}
