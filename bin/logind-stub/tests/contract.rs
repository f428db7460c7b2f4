//! Every object, member and type, over a real bus.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Bus, MANAGER, SEAT, SESSION, bus, call, error_name};
use zbus::{Connection, Message, OwnedVariant};

/// Interface members as `kind Name: in -> out`.
const SESSION_MEMBERS: &[&str] = &[
    "method Activate: ->",
    "method Lock: ->",
    "method PauseDeviceComplete: uu->",
    "method ReleaseControl: ->",
    "method ReleaseDevice: uu->",
    "method SetBrightness: ssu->",
    "method SetDisplay: s->",
    "method SetIdleHint: b->",
    "method SetLockedHint: b->",
    "method SetType: s->",
    "method TakeControl: b->",
    "method TakeDevice: uu->hb",
    "method Terminate: ->",
    "method Unlock: ->",
    "property Active: b",
    "property Audit: u",
    "property Class: s",
    "property Desktop: s",
    "property Display: s",
    "property Id: s",
    "property IdleHint: b",
    "property IdleSinceHint: t",
    "property IdleSinceHintMonotonic: t",
    "property Leader: u",
    "property LockedHint: b",
    "property Name: s",
    "property Remote: b",
    "property RemoteHost: s",
    "property RemoteUser: s",
    "property Scope: s",
    "property Seat: (so)",
    "property Service: s",
    "property State: s",
    "property TTY: s",
    "property Timestamp: t",
    "property TimestampMonotonic: t",
    "property Type: s",
    "property User: (uo)",
    "property VTNr: u",
    "signal Lock: ",
    "signal PauseDevice: uus",
    "signal ResumeDevice: uuh",
    "signal Unlock: ",
];
const SEAT_MEMBERS: &[&str] = &[
    "method SwitchTo: u->",
    "property ActiveSession: (so)",
    "property CanGraphical: b",
    "property CanTTY: b",
    "property Id: s",
    "property Sessions: a(so)",
];
const USER_MEMBERS: &[&str] = &[
    "property Display: (so)",
    "property GID: u",
    "property Name: s",
    "property Sessions: a(so)",
    "property State: s",
    "property UID: u",
];
const MANAGER_MEMBERS: &[&str] = &[
    "method CanHalt: ->s",
    "method CanHibernate: ->s",
    "method CanHybridSleep: ->s",
    "method CanPowerOff: ->s",
    "method CanReboot: ->s",
    "method CanRebootToBootLoaderMenu: ->s",
    "method CanRebootToFirmwareSetup: ->s",
    "method CanSuspend: ->s",
    "method CanSuspendThenHibernate: ->s",
    "method GetSeat: s->o",
    "method GetSession: s->o",
    "method GetSessionByPID: u->o",
    "method GetUser: u->o",
    "method GetUserByPID: u->o",
    "method Inhibit: ssss->h",
    "method ListSessions: ->a(susso)",
    "signal PrepareForShutdown: b",
    "signal PrepareForSleep: b",
];

fn attribute(line: &str, name: &str) -> String {
    let rest = line.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// What the introspection data says of an interface.
fn members(xml: &str, interface: &str) -> BTreeSet<String> {
    let start = xml.find(&format!("<interface name=\"{interface}\"")).expect("the interface");
    let end = start + xml[start..].find("</interface>").unwrap();
    let mut found: Vec<(String, String, String)> = Vec::new();
    let mut kind = "";
    for line in xml[start..end].lines().map(str::trim).skip(1) {
        for opened in ["method", "signal", "property"] {
            if line.starts_with(&format!("<{opened} ")) {
                kind = opened;
                let name = attribute(line, "name");
                found.push((format!("{kind} {name}: "), attribute(line, "type"), String::new()));
            }
        }
        if line.starts_with("<arg ") {
            let (_, ins, outs) = found.last_mut().unwrap();
            let out = kind == "method" && attribute(line, "direction") == "out";
            if out { outs } else { ins }.push_str(&attribute(line, "type"));
        }
    }
    let arrow = |head: &str| if head.starts_with("method") { "->" } else { "" };
    found.into_iter().map(|(head, ins, outs)| format!("{head}{ins}{}{outs}", arrow(&head))).collect()
}

async fn introspected(client: &Connection, path: &str, interface: &str) -> BTreeSet<String> {
    let reply = call(client, path, "org.freedesktop.DBus.Introspectable.Introspect", &()).await.unwrap();
    let xml: String = reply.body().deserialize().unwrap();
    members(&xml, &format!("org.freedesktop.login1.{interface}"))
}

async fn all(client: &Connection, path: &str, interface: &str) -> BTreeMap<String, OwnedVariant> {
    let interface = format!("org.freedesktop.login1.{interface}");
    let reply = call(client, path, "org.freedesktop.DBus.Properties.GetAll", &interface).await.unwrap();
    reply.body().deserialize().unwrap()
}

fn signature(reply: &Message) -> String {
    reply.body().signature().to_string()
}

async fn start() -> Option<(Bus, logind_stub::service::Service, Connection)> {
    let bus = bus()?;
    let stub = bus.stub().await;
    let client = bus.client().await;
    Some((bus, stub, client))
}

fn own_user() -> String {
    format!("/org/freedesktop/login1/user/_{}", rustix::process::geteuid().as_raw())
}

#[tokio::test]
async fn every_object_has_exactly_its_members() {
    let Some((_bus, _stub, client)) = start().await else { return };
    let user = own_user();
    let objects = [
        (MANAGER, "Manager", MANAGER_MEMBERS),
        (SESSION, "Session", SESSION_MEMBERS),
        (SEAT, "Seat", SEAT_MEMBERS),
        (&user, "User", USER_MEMBERS),
        ("/org/freedesktop/login1/user/self", "User", USER_MEMBERS),
    ];
    for (path, interface, expected) in objects {
        let expected: BTreeSet<String> = expected.iter().map(|&member| member.to_owned()).collect();
        assert_eq!(introspected(&client, path, interface).await, expected, "{path}");
    }
}

#[tokio::test]
async fn every_property_has_the_type_that_it_declares() {
    let Some((_bus, _stub, client)) = start().await else { return };
    let user = own_user();
    let objects = [(SESSION, "Session", SESSION_MEMBERS), (SEAT, "Seat", SEAT_MEMBERS), (&user, "User", USER_MEMBERS)];
    for (path, interface, members) in objects {
        let found: BTreeSet<String> = all(&client, path, interface)
            .await
            .into_iter()
            .map(|(name, value)| format!("property {name}: {}", value.value_signature()))
            .collect();
        let declared = members.iter().filter(|member| member.starts_with("property"));
        assert_eq!(found, declared.map(|&member| member.to_owned()).collect(), "{path}");
    }
}

#[tokio::test]
async fn the_properties_that_mutter_looks_at_are_right() {
    let Some((_bus, _stub, client)) = start().await else { return };
    let session = all(&client, SESSION, "Session").await;
    let text = |name: &str| String::try_from(session[name].try_clone().unwrap()).unwrap();
    assert_eq!((text("Type"), text("State"), text("Class")), ("wayland".into(), "active".into(), "user".into()));
    assert_eq!((text("Name"), text("Desktop"), text("Id")), ("user".into(), "gnome".into(), "auto".into()));
    assert!(bool::try_from(session["Active"].try_clone().unwrap()).unwrap());
    let seat = all(&client, SEAT, "Seat").await;
    assert_eq!(String::try_from(seat["Id"].try_clone().unwrap()).unwrap(), "seat0");
}

#[tokio::test]
async fn every_method_of_the_manager_answers() {
    let Some((_bus, _stub, client)) = start().await else { return };
    let reply = call(&client, MANAGER, "Manager.ListSessions", &()).await.unwrap();
    assert_eq!(signature(&reply), "a(susso)");
    for (member, path) in [("GetSession", SESSION.to_owned()), ("GetSeat", SEAT.to_owned())] {
        let reply = call(&client, MANAGER, &format!("Manager.{member}"), &"whatever").await.unwrap();
        assert_eq!(reply.body().deserialize::<zbus::ObjectPath<'_>>().unwrap().as_str(), path);
    }
    let by_number = [("GetSessionByPID", SESSION.to_owned()), ("GetUser", own_user()), ("GetUserByPID", own_user())];
    for (member, path) in by_number {
        for number in [0, 1, 4_000_000_u32] {
            let reply = call(&client, MANAGER, &format!("Manager.{member}"), &number).await.unwrap();
            assert_eq!(reply.body().deserialize::<zbus::ObjectPath<'_>>().unwrap().as_str(), path);
        }
    }
    for member in MANAGER_MEMBERS.iter().filter_map(|member| member.strip_prefix("method Can")) {
        let name = member.split(':').next().unwrap();
        let reply = call(&client, MANAGER, &format!("Manager.Can{name}"), &()).await.unwrap();
        assert_eq!(reply.body().deserialize::<String>().unwrap(), "na");
    }
    let reply = call(&client, MANAGER, "Manager.Inhibit", &("sleep", "me", "because", "delay")).await.unwrap();
    assert_eq!(signature(&reply), "h");
}

#[tokio::test]
async fn harmless_methods_succeed_without_control() {
    let Some((_bus, _stub, client)) = start().await else { return };
    for member in ["Activate", "Lock", "Unlock", "Terminate"] {
        call(&client, SESSION, &format!("Session.{member}"), &()).await.unwrap();
    }
    call(&client, SESSION, "Session.SetDisplay", &":0").await.unwrap();
    call(&client, SESSION, "Session.SetType", &"wayland").await.unwrap();
    call(&client, SESSION, "Session.SetIdleHint", &true).await.unwrap();
    call(&client, SESSION, "Session.SetLockedHint", &true).await.unwrap();
    call(&client, SESSION, "Session.SetBrightness", &("backlight", "x", 1_u32)).await.unwrap();
    call(&client, SESSION, "Session.PauseDeviceComplete", &(226_u32, 0_u32)).await.unwrap();
    call(&client, SEAT, "Seat.SwitchTo", &2_u32).await.unwrap();
}

#[tokio::test]
async fn what_is_unknown_is_an_error_at_once() {
    let Some((_bus, _stub, client)) = start().await else { return };
    let unknown = |name: &str| format!("org.freedesktop.DBus.Error.Unknown{name}");
    let at = |path, member| call(&client, path, member, &());
    assert_eq!(error_name(at(MANAGER, "Manager.PowerOff").await), unknown("Method"));
    assert_eq!(error_name(at("/nowhere", "Manager.ListSessions").await), unknown("Object"));
    assert_eq!(error_name(at(SEAT, "Session.Activate").await), unknown("Interface"));
    let get = "org.freedesktop.DBus.Properties.Get";
    let asked = call(&client, SEAT, get, &("org.freedesktop.login1.Seat", "Nothing")).await;
    assert_eq!(error_name(asked), unknown("Property"));
    let set = "org.freedesktop.DBus.Properties.Set";
    let value = zbus::Variant::from(false);
    let asked = call(&client, SESSION, set, &("org.freedesktop.login1.Session", "Active", value)).await;
    assert!(asked.is_err());
}
