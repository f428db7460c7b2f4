//! The rules for devices, by vendor.

use lunette_gpu::{Card, DeviceSet, Machine, Node, Nvidia, Runtime, Vendor, choose};
use lunette_uevent::DeviceNumber;
use proptest::prelude::*;

fn node(name: &str, major: u32, minor: u32) -> Node {
    Node { name: name.to_owned(), number: DeviceNumber { major, minor } }
}

fn card(driver: &str, address: &str, number: u32) -> Card {
    Card {
        driver: driver.to_owned(),
        address: address.parse().ok(),
        primary: Some(node(&format!("dri/card{number}"), 226, number)),
        render: Some(node(&format!("dri/renderD{}", 128 + number), 226, 128 + number)),
        ..Card::default()
    }
}

fn nvidia(address: &str, number: u32, minor: u32, uuid: Option<&str>) -> Card {
    Card { nvidia: Some(Nvidia { minor, uuid: uuid.map(str::to_owned) }), ..card("nvidia", address, number) }
}

/// A host with one of everything, in the order in which no rule puts them.
fn workstation() -> Machine {
    Machine {
        cards: vec![
            nvidia("0000:c1:00.0", 0, 1, Some("GPU-c1")),
            nvidia("0000:41:00.0", 3, 0, Some("GPU-41")),
            card("amdgpu", "0000:0a:00.0", 2),
            card("amdgpu", "0000:09:00.0", 4),
            card("i915", "0000:00:02.0", 1),
        ],
        nodes: ["kfd", "nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-modeset", "nvidia-caps", "neuron0"]
            .into_iter()
            .map(|name| node(name, 195, 0))
            .collect(),
        leases: false,
    }
}

/// The guest of a virtual machine.
fn guest(driver: &str) -> Machine {
    let cards = vec![card(driver, "0000:00:02.0", 0), card("bochs", "0000:00:01.0", 1)];
    Machine { cards, nodes: vec![node("kfd", 195, 0)], leases: true }
}

fn names(set: &DeviceSet) -> Vec<&str> {
    set.nodes.iter().map(|node| node.name.as_str()).collect()
}

fn told<'a>(set: &'a DeviceSet, key: &str) -> Option<&'a str> {
    set.environment.get(key).map(String::as_str)
}

#[test]
fn a_lease_is_given_without_any_node() {
    for driver in ["virtio_gpu", "virtio-pci"] {
        let set = choose(&guest(driver), Vendor::Virtio, None).unwrap();
        assert!(set.lease);
        assert!(set.nodes.is_empty(), "the lease says which card it is of");
        assert_eq!((set.render.as_deref(), told(&set, "HELIX_RENDER_NODE")), (None, Some("SOFTWARE")));
        assert_eq!((told(&set, "HELIX_SCANOUT_MODE"), told(&set, "HELIX_VIDEO_MODE")), (Some("1"), Some("scanout")));
        assert_eq!((told(&set, "GPU_VENDOR"), told(&set, "LIBGL_ALWAYS_SOFTWARE")), (Some("virtio"), Some("1")));
    }
}

#[test]
fn a_vendor_that_is_not_known_gets_every_card_where_nothing_is_leased() {
    let set = choose(&workstation(), Vendor::of_name("matrox"), None).unwrap();
    assert!(!set.lease);
    assert_eq!(set.nodes.len(), 10);
    assert_eq!(told(&set, "HELIX_SCANOUT_MODE"), None);
    assert_eq!(set.render.as_deref(), Some("dri/renderD129"), "of the first by address");
}

#[test]
fn a_machine_without_cards_draws_by_software() {
    let set = choose(&Machine::default(), Vendor::Virtio, None).unwrap();
    assert_eq!((names(&set), told(&set, "HELIX_RENDER_NODE")), (vec![], Some("SOFTWARE")));
}

#[test]
fn another_vendor_gets_no_lease_although_there_are_some() {
    let machine = Machine { leases: true, ..workstation() };
    for vendor in [Vendor::Nvidia, Vendor::Amd, Vendor::Intel, Vendor::Neuron, Vendor::None] {
        let set = choose(&machine, vendor, None).unwrap();
        assert!(!set.lease && told(&set, "HELIX_SCANOUT_MODE").is_none(), "{vendor:?}");
        assert_eq!(told(&set, "GPU_VENDOR"), Some(vendor.name()));
    }
}

#[test]
fn cards_are_counted_by_address_and_not_by_number() {
    let pick = |vendor, index| choose(&workstation(), vendor, Some(index)).unwrap();
    assert_eq!(names(&pick(Vendor::Amd, 0)), ["dri/card4", "dri/renderD132", "kfd"]);
    assert_eq!(names(&pick(Vendor::Amd, 1)), ["dri/card2", "dri/renderD130", "kfd"]);
    assert_eq!(names(&pick(Vendor::Virtio, 4)), ["dri/card0", "dri/renderD128"]);
    assert_eq!(told(&pick(Vendor::Amd, 1), "HELIX_GPU_INDEX"), Some("1"));
    assert_eq!(told(&pick(Vendor::Amd, 1), "ROCR_VISIBLE_DEVICES"), Some("0"));
    assert_eq!(pick(Vendor::Amd, 1).render.as_deref(), Some("dri/renderD130"));
}

#[test]
fn an_nvidia_card_comes_with_its_own_node_and_the_control_nodes() {
    let set = choose(&workstation(), Vendor::Nvidia, Some(0)).unwrap();
    let expected = ["dri/card3", "dri/renderD131", "nvidia-modeset", "nvidia-uvm", "nvidia0", "nvidiactl"];
    assert_eq!(names(&set), expected);
    assert_eq!(set.runtime, Runtime::Nvidia);
    assert_eq!(told(&set, "NVIDIA_VISIBLE_DEVICES"), Some("GPU-41"));
    assert_eq!(told(&set, "CUDA_VISIBLE_DEVICES"), Some("GPU-41"));
    let capabilities = told(&set, "NVIDIA_DRIVER_CAPABILITIES");
    assert_eq!(capabilities, Some("compute,utility,video,graphics,display"));
}

#[test]
fn all_nvidia_cards_are_named_to_cuda_as_well() {
    let set = choose(&workstation(), Vendor::Nvidia, None).unwrap();
    assert_eq!(told(&set, "NVIDIA_VISIBLE_DEVICES"), Some("all"));
    assert_eq!(told(&set, "CUDA_VISIBLE_DEVICES"), Some("GPU-41,GPU-c1"));
    assert!(names(&set).contains(&"nvidia1") && names(&set).contains(&"nvidia0"));
}

#[test]
fn without_uuids_cuda_counts_by_address() {
    let cards = vec![nvidia("0000:c1:00.0", 0, 0, None), nvidia("0000:41:00.0", 1, 1, None)];
    let set = choose(&Machine { cards, ..workstation() }, Vendor::Nvidia, Some(1)).unwrap();
    assert_eq!((told(&set, "CUDA_VISIBLE_DEVICES"), told(&set, "NVIDIA_VISIBLE_DEVICES")), (Some("1"), Some("1")));
    assert_eq!(told(&set, "CUDA_DEVICE_ORDER"), Some("PCI_BUS_ID"));
    assert!(names(&set).contains(&"nvidia0"));
}

#[test]
fn a_card_whose_node_nobody_knows_is_refused_rather_than_guessed() {
    let cards = vec![card("nvidia", "0000:41:00.0", 0)];
    let error = choose(&Machine { cards, ..workstation() }, Vendor::Nvidia, Some(0)).unwrap_err();
    let card = "dri/card0 and dri/renderD128 (nvidia at 0000:41:00.0)";
    assert_eq!(error.to_string(), format!("{card}: NVIDIA's driver does not say which of its nodes belongs to it"));
}

#[test]
fn accelerators_are_given_by_their_nodes() {
    let nodes = ["neuron10", "neuron2", "neuron_x", "neuron0"].map(|name| node(name, 245, 0)).to_vec();
    let machine = Machine { nodes, ..Machine::default() };
    assert_eq!(names(&choose(&machine, Vendor::Neuron, Some(2)).unwrap()), ["neuron10"]);
    assert_eq!(choose(&machine, Vendor::Neuron, None).unwrap().nodes.len(), 3);
    assert!(choose(&machine, Vendor::Neuron, Some(3)).is_err());
}

#[test]
fn none_is_nothing() {
    let set = choose(&workstation(), Vendor::None, Some(3)).unwrap();
    assert_eq!((names(&set), set.lease, set.runtime), (vec![], false, Runtime::Plain));
    assert_eq!(told(&set, "LIBGL_ALWAYS_SOFTWARE"), Some("1"));
}

#[test]
fn errors_say_which_cards_there_are() {
    let text = |machine: &Machine, vendor, index| choose(machine, vendor, index).unwrap_err().to_string();
    let missing = text(&guest("virtio_gpu"), Vendor::Nvidia, None);
    let has = "this machine has dri/card1 and dri/renderD129 (bochs at 0000:00:01.0), \
        dri/card0 and dri/renderD128 (virtio_gpu at 0000:00:02.0)";
    assert_eq!(missing, format!("no card of nvidia; {has}"));
    let beyond = text(&guest("virtio_gpu"), Vendor::Virtio, Some(1));
    assert_eq!(beyond, format!("no card 1 of virtio, which has 1; {has}"));
    let empty = text(&Machine::default(), Vendor::Intel, Some(0));
    assert_eq!(empty, "no card of intel; this machine has no card at all");
}

fn machines() -> impl Strategy<Value = Machine> {
    let driver = prop::sample::select(vec!["nvidia", "amdgpu", "i915", "xe", "virtio_gpu", "virtio-pci", "bochs"]);
    let cards = prop::collection::btree_map(0_u32..16, (driver, any::<bool>()), 0..8);
    (cards, any::<bool>()).prop_map(|(cards, leases)| {
        let made = cards.into_iter().map(|(number, (driver, plugged))| {
            let address = if plugged { format!("0000:{:02x}:00.0", 40 - number) } else { String::new() };
            Card { driver: driver.to_owned(), ..nvidia(&address, number, number, None) }
        });
        Machine { cards: made.collect(), nodes: workstation().nodes, leases }
    })
}

proptest! {
    #[test]
    fn an_index_gives_one_card_at_most_and_no_node_twice(
        machine in machines(),
        name in "nvidia|amd|intel|neuron|virtio|other|none",
        index in prop::option::of(0_u32..10),
    ) {
        let vendor = Vendor::of_name(&name);
        let Ok(set) = choose(&machine, vendor, index) else { return Ok(()) };
        let primaries = names(&set).iter().filter(|name| name.starts_with("dri/card")).count();
        prop_assert!(index.is_none() || primaries <= 1);
        let mut unique = set.nodes.clone();
        unique.dedup();
        prop_assert_eq!(&unique, &set.nodes);
        prop_assert!(!set.lease || (machine.leases && vendor == Vendor::Virtio && set.nodes.is_empty()));
        prop_assert!(vendor != Vendor::None || set.nodes.is_empty());
    }

    #[test]
    fn the_choice_does_not_depend_on_the_order_of_cards(machine in machines(), index in prop::option::of(0_u32..4)) {
        let mut turned = machine.clone();
        turned.cards.reverse();
        for vendor in [Vendor::Virtio, Vendor::Amd, Vendor::Intel, Vendor::Nvidia] {
            prop_assert_eq!(choose(&machine, vendor, index), choose(&turned, vendor, index));
        }
    }
}
