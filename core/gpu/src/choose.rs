//! The choice.

use crate::environment::Environment;
use crate::error::Inventory;
use crate::{Card, DeviceSet, GpuError, Machine, Node, Runtime, Vendor};

/// Nodes that every program on an NVIDIA card needs.
const NVIDIA_CONTROL: [&str; 4] = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"];

/// The devices of a desktop.
///
/// `index` picks one card of the vendor's, counted from 0 by where they are plugged in; without it, it gets all.
///
/// # Errors
/// When the machine has no such card.
pub fn choose(machine: &Machine, vendor: Vendor, index: Option<u32>) -> Result<DeviceSet, GpuError> {
    match vendor {
        Vendor::Virtio if machine.leases => leased(machine, index),
        Vendor::Virtio => shared(machine, index),
        Vendor::Nvidia => nvidia(machine, index),
        Vendor::Amd => {
            let cards = cards(machine, vendor, index)?;
            let extra = nodes_named(machine, |name| name == "kfd");
            Ok(set(vendor, &cards, extra, Environment::of(vendor).amd(cards.len()).indexed(index)))
        }
        Vendor::Intel => {
            let cards = cards(machine, vendor, index)?;
            Ok(set(vendor, &cards, Vec::new(), Environment::of(vendor).indexed(index)))
        }
        Vendor::Neuron => neuron(machine, index),
        Vendor::None => Ok(set(vendor, &[], Vec::new(), Environment::of(vendor))),
    }
}

/// One output of a virtual card: of which, the lease says, whatever `index` does. Other nodes would show what others draw.
fn leased(machine: &Machine, index: Option<u32>) -> Result<DeviceSet, GpuError> {
    cards(machine, Vendor::Virtio, index)?;
    let environment = Environment::of(Vendor::Virtio).drawn_by(None).leased().indexed(index).0;
    let (vendor, runtime) = (Vendor::Virtio, Runtime::Plain);
    Ok(DeviceSet { vendor, nodes: Vec::new(), lease: true, render: None, runtime, environment })
}

/// Whatever cards there are; a machine without any draws by software.
fn shared(machine: &Machine, index: Option<u32>) -> Result<DeviceSet, GpuError> {
    let all = machine.in_order();
    let cards = if index.is_some() { pick(machine, Vendor::Virtio, &all, index)? } else { all };
    Ok(set(Vendor::Virtio, &cards, Vec::new(), Environment::of(Vendor::Virtio).indexed(index)))
}

fn nvidia(machine: &Machine, index: Option<u32>) -> Result<DeviceSet, GpuError> {
    let cards = cards(machine, Vendor::Nvidia, index)?;
    let mut extra = nodes_named(machine, |name| NVIDIA_CONTROL.contains(&name));
    for card in &cards {
        let minor = card.nvidia.as_ref().map(|nvidia| nvidia.minor);
        let minor = minor.ok_or_else(|| GpuError::NoMinor { card: card.to_string() })?;
        extra.extend(nodes_named(machine, |name| name == format!("nvidia{minor}")));
    }
    let environment = Environment::of(Vendor::Nvidia).nvidia(&cards, index).indexed(index);
    Ok(DeviceSet { runtime: Runtime::Nvidia, ..set(Vendor::Nvidia, &cards, extra, environment) })
}

/// Accelerators without outputs, known by their nodes alone.
fn neuron(machine: &Machine, index: Option<u32>) -> Result<DeviceSet, GpuError> {
    let number = |name: &str| name.strip_prefix("neuron").and_then(|number| number.parse::<u32>().ok());
    let mut found = nodes_named(machine, |name| number(name).is_some());
    found.sort_by_key(|node| number(&node.name));
    let count = found.len();
    if let Some(index) = index {
        found = found.into_iter().skip(as_usize(index)).take(1).collect();
    }
    match index {
        _ if count == 0 => Err(no_card(machine, Vendor::Neuron)),
        Some(index) if found.is_empty() => Err(no_index(machine, Vendor::Neuron, index, count)),
        _ => Ok(set(Vendor::Neuron, &[], found, Environment::of(Vendor::Neuron).indexed(index))),
    }
}

fn set(vendor: Vendor, cards: &[&Card], extra: Vec<Node>, environment: Environment) -> DeviceSet {
    let mut nodes = extra;
    nodes.extend(cards.iter().flat_map(|card| card.nodes()).cloned());
    nodes.sort();
    nodes.dedup();
    let render = cards.iter().find_map(|card| card.render.as_ref()).map(|node| node.name.clone());
    let environment = environment.drawn_by(render.as_deref()).0;
    DeviceSet { vendor, nodes, lease: false, render, runtime: Runtime::Plain, environment }
}

/// The chosen cards of a vendor: one, or all.
fn cards(machine: &Machine, vendor: Vendor, index: Option<u32>) -> Result<Vec<&Card>, GpuError> {
    let ours: Vec<&Card> = machine.in_order().into_iter().filter(|card| vendor.made(card)).collect();
    pick(machine, vendor, &ours, index)
}

fn pick<'a>(
    machine: &Machine,
    vendor: Vendor,
    cards: &[&'a Card],
    index: Option<u32>,
) -> Result<Vec<&'a Card>, GpuError> {
    match index {
        _ if cards.is_empty() => Err(no_card(machine, vendor)),
        None => Ok(cards.to_vec()),
        Some(index) => match cards.get(as_usize(index)) {
            Some(card) => Ok(vec![*card]),
            None => Err(no_index(machine, vendor, index, cards.len())),
        },
    }
}

fn no_card(machine: &Machine, vendor: Vendor) -> GpuError {
    GpuError::NoCard { vendor, cards: Inventory::of(machine) }
}

fn no_index(machine: &Machine, vendor: Vendor, index: u32, count: usize) -> GpuError {
    GpuError::NoIndex { vendor, index, count, cards: Inventory::of(machine) }
}

fn as_usize(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn nodes_named(machine: &Machine, wanted: impl Fn(&str) -> bool) -> Vec<Node> {
    machine.nodes.iter().filter(|node| wanted(&node.name)).cloned().collect()
}
