//! What a desktop sees of input devices. Takes uinput, as a guest has it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::{Path, PathBuf};

use common::alone;
use lunette_sys_uinput::{Blueprint, Device, Key};

fn keyboard(name: &str) -> Device {
    let keys = Key::of_keyboards().collect();
    let blueprint = Blueprint { name: name.to_owned(), phys: name.to_owned(), keys, ..Blueprint::default() };
    Device::create(Path::new("/dev/uinput"), &blueprint).unwrap()
}

#[test]
fn a_desktop_sees_its_own_input_devices_and_no_others() {
    let test = "a_desktop_sees_its_own_input_devices_and_no_others";
    if !Path::new("/dev/uinput").exists() {
        println!("NOT RUN: {test}: this machine has no /dev/uinput");
        return;
    }
    alone(test, &["runc"], async |machine| {
        let (own, other) = (keyboard("own"), keyboard("other"));
        let mut plan = machine.plan("inputs", 31);
        plan.inputs = vec![PathBuf::from("/sys").join(&own.node().devpath()[1..])];
        let up = machine.up(plan).await;
        assert_eq!(up.shell("ls /sys/devices/virtual/input").await.trim(), own.node().input);
        let name = |device: &Device| format!("cat /sys/class/input/{}/device/name", device.node().event);
        assert_eq!(up.shell(&name(&own)).await, "own\n");
        assert_eq!(up.shell(&name(&other)).await, "");
        let (_, _, ending) = common::shell(
            up.container().desktop(),
            &format!("echo 1 > /sys/devices/virtual/input/{}/uevent", own.node().input),
            lunette_containers::User::Root,
        )
        .await;
        assert_ne!(ending, lunette_desktop::Ending::Status(0));
        up.down().await;
    });
}
