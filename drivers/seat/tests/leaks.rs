//! Descriptors of the whole process are counted, so this is alone in its program.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{CARD, Client, Fixture, config};
use lunette_seat::{DeviceId, Reply, Request};

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_thousand_devices_leave_no_descriptor_behind() {
    let fixture = Fixture::start(config());
    let mut client = Client::opened(&fixture);
    let before = open_descriptors();
    for id in 1..=1000 {
        client.open(CARD, id);
        client.send(&Request::CloseDevice(DeviceId(id)));
        client.expect(&Reply::DeviceClosed);
    }
    assert_eq!(open_descriptors(), before);
}
