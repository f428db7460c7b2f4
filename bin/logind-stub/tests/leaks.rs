//! Descriptors of the whole process are counted, so this is alone in its program.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{CARD, MANAGER, SESSION, bus, call};

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test]
async fn a_thousand_devices_and_locks_leave_no_descriptor_behind() {
    let Some(bus) = bus() else { return };
    let _stub = bus.stub().await;
    let client = bus.client().await;
    call(&client, SESSION, "Session.TakeControl", &false).await.unwrap();
    let before = open_descriptors();
    for _ in 0..1000 {
        call(&client, SESSION, "Session.TakeDevice", &CARD).await.unwrap();
        call(&client, MANAGER, "Manager.Inhibit", &("sleep", "me", "", "delay")).await.unwrap();
        call(&client, SESSION, "Session.ReleaseDevice", &CARD).await.unwrap();
    }
    // The last message may be on its way to being dropped.
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while open_descriptors() > before && std::time::Instant::now() < limit {
        tokio::task::yield_now().await;
    }
    assert_eq!(open_descriptors(), before);
}
