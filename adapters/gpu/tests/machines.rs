//! Machines made of files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use lunette_gpu::{Vendor, choose};
use lunette_gpus::{Roots, read};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tempfile::TempDir;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        for folder in ["sys/class/drm", "dev/dri", "proc"] {
            fs::create_dir_all(files.0.path().join(folder)).expect("files");
        }
        files
    }

    fn roots(&self) -> Roots {
        let at = |name| self.0.path().join(name);
        Roots { sys: at("sys"), dev: at("dev"), proc: at("proc") }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("files");
        fs::write(path, text).expect("files");
    }

    fn link(&self, from: &str, to: &str) {
        let from = self.0.path().join(from);
        fs::create_dir_all(from.parent().expect("a folder")).expect("files");
        symlink(self.0.path().join(to), from).expect("files");
    }

    /// A device below `sys/devices` with its driver and the DRM nodes of these names.
    fn card(&self, device: &str, driver: &str, nodes: &[(&str, &str)]) {
        fs::create_dir_all(self.0.path().join("sys/bus/drivers").join(driver)).expect("files");
        self.link(&format!("sys/devices/{device}/driver"), &format!("sys/bus/drivers/{driver}"));
        for (name, number) in nodes {
            let folder = format!("sys/devices/{device}/drm/{name}");
            self.write(&format!("{folder}/dev"), &format!("{number}\n"));
            self.link(&format!("{folder}/device"), &format!("sys/devices/{device}"));
            self.link(&format!("sys/class/drm/{name}"), &folder);
        }
    }
}

fn guest() -> Files {
    let files = Files::new();
    files.card("pci0000:00/0000:00:02.0/virtio0", "virtio_gpu", &[("card0", "226:0"), ("renderD128", "226:128")]);
    for output in ["Virtual-1", "Virtual-2"] {
        let connector = format!("sys/devices/pci0000:00/0000:00:02.0/virtio0/drm/card0/card0-{output}");
        files.write(&format!("{connector}/status"), "connected\n");
        files.link(&format!("sys/class/drm/card0-{output}"), &connector);
    }
    files.write("sys/class/drm/version", "drm 1.1.0 20060810\n");
    files
}

#[test]
fn a_guest_has_one_card_with_its_outputs() {
    let machine = read(&guest().roots(), None).unwrap();
    let [card] = &machine.cards[..] else { panic!("{machine:?}") };
    assert_eq!(card.to_string(), "dri/card0 and dri/renderD128 (virtio_gpu at 0000:00:02.0)");
    assert_eq!(card.connectors, ["Virtual-1", "Virtual-2"]);
    assert_eq!(card.primary.as_ref().unwrap().number.to_string(), "226:0");
    assert!(!machine.leases);
}

#[test]
fn leases_are_there_as_soon_as_their_socket_is() {
    let files = guest();
    let socket = files.0.path().join("drm.sock");
    assert!(!read(&files.roots(), Some(&socket)).unwrap().leases);
    fs::write(&socket, "").unwrap();
    let set = choose(&read(&files.roots(), Some(&socket)).unwrap(), Vendor::Virtio, None).unwrap();
    assert!(set.lease && set.nodes.is_empty());
}

#[test]
fn nodes_of_one_device_belong_together_whatever_their_numbers_are() {
    let files = Files::new();
    files.card("pci0000:c0/0000:c1:00.0", "amdgpu", &[("card0", "226:0"), ("renderD129", "226:129")]);
    files.card("pci0000:40/0000:41:00.0", "amdgpu", &[("card1", "226:1"), ("renderD128", "226:128")]);
    let machine = read(&files.roots(), None).unwrap();
    let first = choose(&machine, Vendor::Amd, Some(0)).unwrap();
    let names: Vec<&str> = first.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["dri/card1", "dri/renderD128"]);
}

#[test]
fn nvidias_driver_says_which_node_is_which_card() {
    let files = Files::new();
    files.card("pci0000:40/0000:41:00.0", "nvidia", &[("card1", "226:1"), ("renderD128", "226:128")]);
    files.write("proc/driver/nvidia/gpus/0000:41:00.0/information", "GPU UUID: GPU-41\nDevice Minor: 3\n");
    let machine = read(&files.roots(), None).unwrap();
    let nvidia = machine.cards[0].nvidia.as_ref().unwrap();
    assert_eq!((nvidia.minor, nvidia.uuid.as_deref()), (3, Some("GPU-41")));
}

#[test]
fn a_machine_without_any_of_it_has_nothing() {
    let nowhere = Path::new("/nowhere");
    let roots = Roots { sys: nowhere.into(), dev: nowhere.into(), proc: nowhere.into() };
    let machine = read(&roots, Some(nowhere)).unwrap();
    assert!(machine.cards.is_empty() && machine.nodes.is_empty() && !machine.leases);
}

#[test]
fn other_nodes_are_found_by_name_and_are_devices() {
    if !rustix::process::geteuid().is_root() {
        println!("NOT RUN: nodes of accelerators: only root makes them");
        return;
    }
    let files = Files::new();
    fs::create_dir(files.0.path().join("dev/nvidia-caps")).unwrap();
    for (name, minor) in [("nvidia0", 0), ("nvidiactl", 255), ("kfd", 1), ("neuron0", 2), ("null", 3)] {
        let path = files.0.path().join("dev").join(name);
        mknodat(CWD, &path, FileType::CharacterDevice, Mode::empty(), makedev(195, minor)).unwrap();
    }
    let machine = read(&files.roots(), None).unwrap();
    let found: Vec<String> = machine.nodes.iter().map(|node| format!("{} {}", node.name, node.number)).collect();
    assert_eq!(found, ["kfd 195:1", "neuron0 195:2", "nvidia0 195:0", "nvidiactl 195:255"]);
}
