//! What a desktop gets.

use std::collections::BTreeMap;

use crate::{Node, Vendor};

/// Devices of one desktop, and what its programs are told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSet {
    /// Whose they are in the end.
    pub vendor: Vendor,
    /// Nodes, each once; none with a lease, which itself says which card it is of.
    pub nodes: Vec<Node>,
    /// Whether the desktop is shown on a leased output.
    pub lease: bool,
    /// Path of the node that draws, below `/dev`.
    pub render: Option<String>,
    /// What the container's runtime has to do.
    pub runtime: Runtime,
    /// Variables: a map, so that no key is there twice.
    pub environment: BTreeMap<String, String>,
}

/// What a container's runtime has to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runtime {
    /// Nothing but show the nodes.
    #[default]
    Plain,
    /// NVIDIA's own runtime, which adds the driver's libraries; Docker needs a device request besides.
    Nvidia,
}
