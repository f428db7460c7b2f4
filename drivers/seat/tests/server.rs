//! The server over a real socket.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

mod common;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;

use common::{CARD, Client, Fixture, KEYBOARD, UNPLUGGED, config};
use lunette_seat::{DeviceId, Errno, Reply, Request, SeatName};
use lunette_seat_server::{Activity, BindError, Config, IdRange, Owner, SeatServer};
use lunette_sys_unix::connect_as;

fn inode(fd: std::os::fd::OwnedFd) -> u64 {
    std::fs::File::from(fd).metadata().unwrap().ino()
}

#[test]
fn the_lease_and_the_own_inputs_are_given_out() {
    let fixture = Fixture::start(config());
    let mut client = Client::opened(&fixture);
    assert_eq!(inode(client.open(CARD, 1)), fixture.devices.lease.metadata().unwrap().ino());
    assert_eq!(inode(client.open(KEYBOARD, 2)), fixture.devices.keyboard.metadata().unwrap().ino());
    client.send(&Request::CloseDevice(DeviceId(1)));
    client.expect(&Reply::DeviceClosed);
}

#[test]
fn what_is_refused_or_not_there_is_an_error_and_the_connection_goes_on() {
    let fixture = Fixture::start(config());
    let mut client = Client::opened(&fixture);
    let cases =
        [("/dev/dri/card1", Errno::EACCES), (UNPLUGGED, Errno::ENODEV), ("/dev/../dev/dri/card0", Errno::EACCES)];
    for (path, errno) in cases {
        client.send(&Request::OpenDevice(path.as_bytes().to_vec()));
        client.expect(&Reply::Error(errno));
    }
    client.send(&Request::Ping);
    client.expect(&Reply::Pong);
}

#[test]
fn several_compositors_are_served_at_once_and_one_after_the_other() {
    let fixture = Fixture::start(config());
    let mut first = Client::opened(&fixture);
    let mut second = Client::opened(&fixture);
    first.open(CARD, 1);
    second.open(CARD, 1);
    drop(first);
    second.open(KEYBOARD, 2);
    for _ in 0..50 {
        Client::opened(&fixture).open(CARD, 1);
    }
}

#[test]
fn a_connection_too_many_is_turned_away_and_the_others_stay() {
    let fixture = Fixture::start(config());
    let mut clients: Vec<_> = (0..8).map(|_| Client::opened(&fixture)).collect();
    fixture.client().expect_end();
    for client in &mut clients {
        client.open(CARD, 1);
    }
}

#[test]
fn whoever_breaks_the_protocol_is_put_off() {
    let fixture = Fixture::start(config());
    let mut client = fixture.client();
    client.send(&Request::OpenDevice(CARD.as_bytes().to_vec()));
    client.expect_end();
    Client::opened(&fixture).open(CARD, 1);
}

#[test]
fn a_user_outside_of_the_range_is_turned_away() {
    let fixture = Fixture::start(Config { allowed: IdRange { first: 4_000_000, count: 10 }, ..config() });
    fixture.client().expect_end();
}

#[test]
fn only_the_owner_can_connect() {
    if !rustix::process::geteuid().is_root() {
        return println!("NOT RUN: only root can give a socket to somebody else and connect as him");
    }
    let allowed = IdRange { first: 1_000_000, count: 65_536 };
    let owner = Some(Owner { uid: 1_001_000, gid: 1_001_000 });
    let fixture = Fixture::start(Config { allowed, owner, ..config() });
    let file = fixture.socket.metadata().unwrap();
    assert_eq!((file.permissions().mode() & 0o777, file.uid(), file.gid()), (0o600, 1_001_000, 1_001_000));
    assert!(connect_as(&fixture.socket, 1_001_001, 1_001_000).is_err());
    assert!(connect_as(&fixture.socket, 2_001_000, 1_001_000).is_err());
    let mut client = Client(connect_as(&fixture.socket, 1_001_000, 1_001_000).unwrap());
    client.send(&Request::OpenSeat);
    client.expect(&Reply::SeatOpened(SeatName::default()));
}

#[test]
fn the_owner_takes_the_seat_away_and_gives_it_back() {
    let fixture = Fixture::start(config());
    let mut client = Client::opened(&fixture);
    fixture.activity.send_replace(Activity::Inactive);
    client.expect(&Reply::DisableSeat);
    client.send(&Request::DisableSeat);
    client.expect(&Reply::SeatDisabled);
    fixture.activity.send_replace(Activity::Active);
    client.expect(&Reply::EnableSeat);
}

#[test]
fn the_socket_goes_with_the_server_and_its_compositors_are_told() {
    let mut fixture = Fixture::start(config());
    let mut client = Client::opened(&fixture);
    fixture.stop();
    client.expect_end();
    assert!(!fixture.socket.exists());
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced_and_a_file_is_not() {
    let fixture = Fixture::start(config());
    let bind = |path| SeatServer::bind(path, config(), Arc::clone(&fixture.devices) as _);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seat.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(bind(&path).unwrap());
    std::fs::write(&path, "").unwrap();
    assert!(matches!(bind(&path), Err(BindError::NotASocket(_))));
}
