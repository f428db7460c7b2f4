//! The desktop image with the roots of two profiles: what a guest shows of them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use lunette_image::{Builder, Cache, ImageName, Kernel, Overlay, Recipe, Target};
use lunette_vm::{Accelerator, Arch, Boot, Cpus, Disk, Guard, MachineConfig, Mebibytes, Qemu, Shell, Vm, VmConfig};

/// Emulated, on a machine that is busy with other tests.
const BOOT_LIMIT: Duration = Duration::from_secs(180);
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
const PROFILES: [&str; 2] = ["weston", "sway"];

struct Guest {
    _folder: tempfile::TempDir,
    shell: Shell,
    _vm: Vm,
}

impl Guest {
    /// `None` says why on standard output.
    fn start() -> Option<Self> {
        if std::env::var_os("LUNETTE_TEST_DESKTOP").is_none() {
            println!("NOT RUN: building the desktop image and profiles takes minutes; set LUNETTE_TEST_DESKTOP=1");
            return None;
        }
        let arch = Arch::of_host().unwrap();
        let qemu = match Qemu::find(arch) {
            Ok(qemu) => qemu,
            Err(error) => {
                println!("NOT RUN: a guest with profiles: {error}");
                return None;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let initrd = folder.path().join("initrd");
        let (boot, disks) = parts(&initrd);
        let mut machine = MachineConfig::new(arch, Cpus::new(2).unwrap(), Mebibytes::new(1536).unwrap(), boot);
        machine.disks = disks;
        machine.ports = vec!["lunette.shell.0".parse().unwrap()];
        let config = VmConfig {
            name: "desktop-image".parse().unwrap(),
            machine,
            qemu,
            accelerator: Accelerator::Tcg,
            guard: Guard::Thread,
            run_dir: Some(folder.path().join("vm")),
            console_log: None,
        };
        let vm = Vm::start(&config).unwrap();
        vm.wait_ready(BOOT_LIMIT).unwrap();
        let shell = vm.shell(0).unwrap();
        Some(Self { _folder: folder, shell, _vm: vm })
    }

    fn run(&mut self, command: &str) -> String {
        let finished = self.shell.run(command, COMMAND_LIMIT).unwrap();
        assert_eq!(finished.status, 0, "`{command}`: {}", finished.output);
        finished.output
    }
}

fn parts(initrd: &std::path::Path) -> (Boot, Vec<Disk>) {
    let recipe = Recipe::embedded().unwrap();
    let builder = Builder::new(Cache::for_user().unwrap(), recipe.clone());
    let arch = lunette_image::Arch::of_this_machine().unwrap();
    let target = Target { image: ImageName::Desktop, arch, kernel: Kernel::Backports };
    let image = builder.image(target, &mut |_| {}).unwrap();
    image.initrd_with(&Overlay::new().root_shells(), initrd).unwrap();
    let mut disks: Vec<Disk> = image.disk.iter().map(Disk::read_only).collect();
    for name in PROFILES {
        let root = builder.root(&recipe.profile(name).unwrap(), arch, &mut |_| {}).unwrap();
        disks.push(Disk::read_only(&root.disk).with_serial(root.serial().parse().unwrap()));
    }
    let command_line = image.cmdline;
    (Boot::Kernel { kernel: image.kernel, initrd: Some(initrd.to_owned()), command_line }, disks)
}

#[test]
fn a_guest_has_the_profiles_roots_and_what_desktops_need_of_it() {
    let Some(mut guest) = Guest::start() else { return };
    for name in PROFILES {
        guest.run(&format!(
            "mkdir -p /run/{name} && mount -t erofs -o ro /dev/disk/by-id/virtio-lunette-{name} /run/{name}"
        ));
        let text = guest.run(&format!("cat /run/{name}/usr/share/lunette/profile.toml"));
        assert_eq!(profile_name(&text), name);
    }
    assert!(guest.run("chroot /run/weston weston --version").starts_with("weston "));
    assert!(guest.run("chroot /run/sway sway --version").starts_with("sway version"));

    let controllers = guest.run("cat /sys/fs/cgroup/cgroup.subtree_control");
    for controller in ["cpu", "io", "memory", "pids"] {
        assert!(controllers.split_whitespace().any(|word| word == controller), "{controllers}");
    }
    guest.run("test -c /dev/uinput");
    guest.run("ip link add lunt type veth peer name lunu && ip link del lunt");
    guest.run(
        "nft 'add table inet t; add chain inet t f { type filter hook forward priority 0; policy drop; }; \
         add rule inet t f ct state established accept; add rule inet t f limit rate 5/second reject; \
         add chain inet t n { type nat hook postrouting priority 100; }; add rule inet t n masquerade; \
         add rule inet t f fib saddr oif missing drop; delete table inet t'",
    );
    assert_eq!(guest.run("systemctl --failed --no-legend"), "");
}

/// The name as the file says it; the launcher reads the rest.
fn profile_name(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default();
    line.trim_matches('"')
}
