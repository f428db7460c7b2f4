//! Control and devices, in the order in which Mutter asks, over a real bus.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;

use common::{CARD, MANAGER, SEAT, SESSION, bus, call, error_name};
use logind_stub::service::ServiceError;
use zbus::{Connection, Message, ObjectPath, OwnedFd, OwnedVariant};

async fn take(client: &Connection, device: (u32, u32)) -> zbus::Result<Message> {
    call(client, SESSION, "Session.TakeDevice", &device).await
}

async fn take_control(client: &Connection) -> zbus::Result<Message> {
    call(client, SESSION, "Session.TakeControl", &false).await
}

async fn property(client: &Connection, path: &str, interface: &str, name: &str) -> OwnedVariant {
    let interface = format!("org.freedesktop.login1.{interface}");
    let reply = call(client, path, "org.freedesktop.DBus.Properties.Get", &(interface, name)).await.unwrap();
    reply.body().deserialize().unwrap()
}

fn device_number(fd: OwnedFd) -> (u32, u32) {
    let number = fs::File::from(std::os::fd::OwnedFd::from(fd)).metadata().unwrap().rdev();
    (rustix::fs::major(number), rustix::fs::minor(number))
}

#[tokio::test]
async fn mutters_order_of_calls_works() {
    let Some(bus) = bus() else { return };
    let _stub = bus.stub().await;
    let client = bus.client().await;
    let reply = call(&client, MANAGER, "Manager.GetSessionByPID", &0_u32).await.unwrap();
    assert_eq!(reply.body().deserialize::<ObjectPath<'_>>().unwrap().as_str(), SESSION);
    let seat = property(&client, SESSION, "Session", "Seat").await;
    assert_eq!(seat.value_signature().to_string(), "(so)");
    assert!(bool::try_from(property(&client, SESSION, "Session", "Active").await).unwrap());
    assert_eq!(String::try_from(property(&client, SEAT, "Seat", "Id").await).unwrap(), "seat0");
    take_control(&client).await.unwrap();
    let reply = take(&client, CARD).await.unwrap();
    let (fd, inactive): (OwnedFd, bool) = reply.body().deserialize().unwrap();
    assert!(!inactive);
    assert_eq!(device_number(fd), CARD);
    call(&client, SESSION, "Session.ReleaseDevice", &CARD).await.unwrap();
    call(&client, SESSION, "Session.ReleaseControl", &()).await.unwrap();
}

#[tokio::test]
async fn other_devices_are_refused() {
    let Some(bus) = bus() else { return };
    let _stub = bus.stub().await;
    let client = bus.client().await;
    take_control(&client).await.unwrap();
    let denied = "org.freedesktop.DBus.Error.AccessDenied";
    let missing = "org.freedesktop.login1.NoSuchDevice";
    let cases = [
        ((CARD.0, CARD.1 + 2), denied),
        ((226, 0), denied),
        ((226, 128), denied),
        // event4 is another desktop's, event5 is ours and unplugged, of 13:63 nothing is known.
        ((13, 68), denied),
        ((13, 69), missing),
        ((13, 63), missing),
        ((5, 0), denied),
    ];
    for (device, name) in cases {
        assert_eq!(error_name(take(&client, device).await), name, "{device:?}");
    }
}

#[tokio::test]
async fn devices_are_for_whoever_is_in_control() {
    let Some(bus) = bus() else { return };
    let _stub = bus.stub().await;
    let (client, other) = (bus.client().await, bus.client().await);
    let not_in_control = "org.freedesktop.login1.NotInControl";
    assert_eq!(error_name(take(&client, CARD).await), not_in_control);
    take_control(&client).await.unwrap();
    take_control(&client).await.unwrap();
    assert_eq!(error_name(take_control(&other).await), "org.freedesktop.DBus.Error.Busy");
    assert_eq!(error_name(take(&other, CARD).await), not_in_control);
    assert_eq!(error_name(call(&other, SESSION, "Session.ReleaseControl", &()).await), not_in_control);
    take(&client, CARD).await.unwrap();
    assert_eq!(error_name(take(&client, CARD).await), "org.freedesktop.login1.DeviceIsTaken");
    call(&client, SESSION, "Session.ReleaseDevice", &CARD).await.unwrap();
    let released = call(&client, SESSION, "Session.ReleaseDevice", &CARD).await;
    assert_eq!(error_name(released), "org.freedesktop.login1.DeviceNotTaken");
}

#[tokio::test]
async fn a_compositor_that_died_leaves_control_to_the_next() {
    let Some(bus) = bus() else { return };
    let _stub = bus.stub().await;
    let (first, second) = (bus.client().await, bus.client().await);
    take_control(&first).await.unwrap();
    take(&first, CARD).await.unwrap();
    first.close().await.unwrap();
    // The bus may still be busy with the first one's end.
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while take_control(&second).await.is_err() {
        assert!(tokio::time::Instant::now() < limit);
        tokio::task::yield_now().await;
    }
    take(&second, CARD).await.unwrap();
}

#[tokio::test]
async fn two_logins_on_one_bus_are_one_too_many() {
    let Some(bus) = bus() else { return };
    let _first = bus.stub().await;
    assert!(matches!(bus.try_stub().await, Err(ServiceError::NameTaken)));
}

#[tokio::test]
async fn the_end_of_the_bus_is_noticed() {
    let Some(mut bus) = bus() else { return };
    let stub = bus.stub().await;
    bus.kill();
    assert!(matches!(stub.lost().await, ServiceError::BusLost));
}
