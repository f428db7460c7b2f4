//! Whole command lines, word by word.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use lunette_vm::{
    Accelerator, Access, Arch, Boot, Cpus, Disk, DiskFormat, Features, FirmwareFile, Forward, HostOs, Label,
    MachineConfig, Mebibytes, Outputs, Placement, RunPaths, Share, VmError,
};

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

fn config(arch: Arch, boot: Boot) -> MachineConfig {
    MachineConfig::new(arch, Cpus::new(2).unwrap(), Mebibytes::new(1024).unwrap(), boot)
}

fn kernel() -> Boot {
    let command_line = "console=ttyS0 quiet, really".to_owned();
    Boot::Kernel { kernel: "/i/vmlinuz".into(), initrd: Some("/i/initrd".into()), command_line }
}

fn words(config: &MachineConfig, host: HostOs, accelerator: Accelerator, features: Features) -> Vec<String> {
    let (name, paths) = (label("one"), RunPaths::new("/run/one"));
    config.arguments(&Placement { name: &name, host, features, accelerator, paths: &paths }).unwrap()
}

/// Splits a text at line ends, and each line at its first blank.
fn lines(text: &str) -> Vec<String> {
    text.lines().flat_map(|line| line.trim().splitn(2, ' ').map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn a_linux_host_boots_a_kernel_from_shared_memory() {
    let sandboxed = Features { sandbox: true, output_names: false };
    let mut config = config(Arch::Amd64, kernel());
    config.outputs = Outputs::new(2, Vec::new()).unwrap();
    let found = words(&config, HostOs::Linux, Accelerator::Tcg, sandboxed);
    let expected = lines(
        "-name one
         -nodefaults
         -no-user-config
         -vga none
         -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
         -machine q35,memory-backend=mem
         -object memory-backend-memfd,id=mem,size=1024M,share=on
         -m 1024M
         -smp 2
         -accel tcg,thread=multi
         -cpu max
         -kernel /i/vmlinuz
         -initrd /i/initrd
         -append console=ttyS0 quiet, really mitigations=off
         -chardev socket,id=qmp,path=/run/one/qmp,server=on,wait=off
         -mon chardev=qmp,mode=control
         -chardev socket,id=export,path=/run/one/qmp-export,server=on,wait=off
         -mon chardev=export,mode=control
         -chardev stdio,id=console,signal=off
         -serial chardev:console
         -display dbus,p2p=yes
         -device virtio-gpu-pci,id=gpu0,addr=0x10.0,multifunction=on,max_hostmem=201326592
         -device virtio-gpu-pci,id=gpu1,addr=0x10.1,multifunction=on,max_hostmem=201326592
         -device virtio-rng-pci
         -netdev user,id=net0
         -device virtio-net-pci,netdev=net0",
    );
    assert_eq!(found, expected);
}

#[test]
fn a_mac_host_has_no_memfd_and_boots_the_firmware() {
    let config = config(Arch::Arm64, Boot::Firmware(Some("/f/efi.fd".into())));
    let found = words(&config, HostOs::Mac, Accelerator::Hvf, Features::default());
    let expected = lines(
        "-name one
         -nodefaults
         -no-user-config
         -vga none
         -machine virt,gic-version=max
         -m 1024M
         -smp 2
         -accel hvf
         -cpu host
         -bios /f/efi.fd
         -chardev socket,id=qmp,path=/run/one/qmp,server=on,wait=off",
    );
    assert_eq!(found[..expected.len()], expected);
    assert!(!found.iter().any(|word| word.contains("memfd") || word.contains("sandbox")));
}

#[test]
fn disks_ports_shares_and_forwards_follow_in_order() {
    let mut config = config(Arch::Amd64, kernel());
    let disk = |path: &str, format, access| Disk { path: path.into(), format, access, serial: None };
    config.disks = vec![
        disk("/d/a,b.raw", DiskFormat::Raw, Access::ReadOnly),
        disk("/d/c.qcow2", DiskFormat::Qcow2, Access::Overlay),
        disk("/d/d.raw", DiskFormat::Raw, Access::ReadWrite),
        Disk::read_only("/d/e.raw").with_serial("lunette-light".parse().unwrap()),
    ];
    config.ports = vec![label("shell0"), label("shell1")];
    let share = |tag, path: &str, access| Share { tag: label(tag), path: path.into(), access };
    config.shares = vec![share("bin", "/s/bin", Access::ReadOnly), share("tmp", "/s/tmp", Access::ReadWrite)];
    config.forwards = vec![Forward { host: 2222, guest: 22 }, Forward { host: 0, guest: 80 }];
    config.firmware_files = vec![FirmwareFile { name: label("secret"), path: "/run/one/secret".into() }];
    let found = words(&config, HostOs::Linux, Accelerator::Kvm, Features::default());
    let expected = lines(
        "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:0-:80
         -device virtio-net-pci,netdev=net0
         -device virtio-serial-pci,id=serial0
         -chardev socket,id=port0,path=/run/one/port-shell0,server=on,wait=off
         -device virtserialport,chardev=port0,name=shell0
         -chardev socket,id=port1,path=/run/one/port-shell1,server=on,wait=off
         -device virtserialport,chardev=port1,name=shell1
         -drive if=none,id=disk0,file=/d/a,,b.raw,format=raw,readonly=on
         -device virtio-blk-pci,drive=disk0
         -drive if=none,id=disk1,file=/d/c.qcow2,format=qcow2,snapshot=on
         -device virtio-blk-pci,drive=disk1
         -drive if=none,id=disk2,file=/d/d.raw,format=raw
         -device virtio-blk-pci,drive=disk2
         -drive if=none,id=disk3,file=/d/e.raw,format=raw,readonly=on
         -device virtio-blk-pci,drive=disk3,serial=lunette-light
         -fsdev local,id=share0,path=/s/bin,security_model=none,readonly=on
         -device virtio-9p-pci,fsdev=share0,mount_tag=bin
         -fsdev local,id=share1,path=/s/tmp,security_model=none
         -device virtio-9p-pci,fsdev=share1,mount_tag=tmp
         -fw_cfg name=opt/lunette/secret,file=/run/one/secret",
    );
    assert_eq!(found[found.len() - expected.len()..], expected);
}

#[test]
fn every_output_has_a_card_of_its_own() {
    let found = words(&config(Arch::Amd64, kernel()), HostOs::Linux, Accelerator::Tcg, Features::default());
    let cards: Vec<_> = found.iter().filter(|word| word.starts_with("virtio-gpu-pci,")).collect();
    assert_eq!(cards.len(), 16);
    assert_eq!(cards[8], "virtio-gpu-pci,id=gpu8,addr=0x11.0,multifunction=on,max_hostmem=201326592");
    assert_eq!(cards[15], "virtio-gpu-pci,id=gpu15,addr=0x11.7,multifunction=on,max_hostmem=201326592");
}

#[test]
fn names_go_into_the_edid_where_qemu_can() {
    let mut config = config(Arch::Amd64, kernel());
    config.outputs = Outputs::new(3, vec![label("deskA"), label("deskB")]).unwrap();
    let device = |output_names| {
        let found = words(&config, HostOs::Linux, Accelerator::Tcg, Features { output_names, sandbox: false });
        found.into_iter().find(|word| word.contains("virtio-gpu-pci")).unwrap()
    };
    assert_eq!(device(false), "virtio-gpu-pci,id=gpu0,addr=0x10.0,multifunction=on,max_hostmem=201326592");
    let named: serde_json::Value = serde_json::from_str(&device(true)).unwrap();
    assert_eq!(named["outputs"], serde_json::json!([{ "name": "deskA" }]));
    assert_eq!((named["addr"].as_str(), named["id"].as_str()), (Some("0x10.0"), Some("gpu0")));
}

#[test]
fn what_has_no_words_is_refused() {
    let mut config = config(Arch::Amd64, kernel());
    config.shares = vec![Share { tag: label("x"), path: PathBuf::from("/x"), access: Access::Overlay }];
    let (name, paths) = (label("one"), RunPaths::new(Path::new("/run/one")));
    let (features, accelerator) = (Features::default(), Accelerator::Tcg);
    let placement = Placement { name: &name, host: HostOs::Linux, features, accelerator, paths: &paths };
    assert!(matches!(config.arguments(&placement), Err(VmError::Setting { .. })));
    assert!(Outputs::new(17, Vec::new()).is_err() && Outputs::new(0, Vec::new()).is_err());
    assert!(Outputs::new(1, vec![label("a"), label("b")]).is_err());
}
