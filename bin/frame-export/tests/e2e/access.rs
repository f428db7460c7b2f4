//! Strict mode: who shows which token may do what.

use std::time::Duration;

use lunette_frame::{ScanoutId, Size};
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, DisableScanout, ErrorCode, ErrorReply, Grant, Message, Presence, ScanoutResponse};

use crate::support::{Client, Dice, Eye, LEASE, SECRET, SecretFile, Server, eventually, picture_size, refused};

const OTHER: Token = Token::new([0x0f; Token::LEN]);
const SIZE: Size = Size::new(320, 180);

/// Three scanouts of a strict server.
fn strict() -> Server {
    let secret = SecretFile::new(0o600);
    Server::start(&["--scanouts", "3", "--size", "320x180", "--secret-file", secret.path()])
}

/// A connection that shows the secret, and has granted `scanout` to the bearer of `token`.
fn granting(server: &Server, scanout: u16, token: Token) -> Client {
    let mut owner = Client::showing(server, SECRET);
    owner.grant(scanout, token);
    owner.answers();
    owner
}

fn disable(client: &mut Client, scanout: u16) -> ScanoutResponse {
    client.send(&Message::DisableScanout(DisableScanout { scanout: ScanoutId::new(scanout) }));
    client.scanout_response()
}

fn not_found(message: &str) -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, message)
}

/// Tries everything on two scanouts that exist and one that does not; nothing may succeed or tell them apart.
#[track_caller]
fn may_do_nothing(client: &mut Client) {
    for scanout in [1, 2, 900] {
        assert!(!client.subscribe(scanout));
        let id = ScanoutId::new(scanout);
        assert_eq!(client.standing(scanout), None);
        let refusal =
            |connector: &str| ScanoutResponse { scanout: id, success: false, connector: connector.to_owned() };
        assert_eq!(client.enable(scanout, SIZE), refusal("not allowed: needs this scanout's token"));
        assert_eq!(disable(client, scanout), refusal("not allowed: needs the machine's secret"));
        client.grant(scanout, OTHER);
        assert_eq!(client.error().1, ErrorCode::InvalidMessage);
    }
    client.answers();
}

#[test]
fn without_a_token_that_anybody_knows_nothing_can_be_had() {
    let server = strict();
    may_do_nothing(&mut Client::connect(&server));
    may_do_nothing(&mut Client::showing(&server, OTHER));
    let metrics = server.metrics();
    let count = |what| metrics.sum("refused_total", &[("what", what)]);
    assert_eq!(
        ["subscribe", "status", "enable", "disable", "grant", "token"].map(count),
        [6.0, 6.0, 6.0, 6.0, 6.0, 1.0]
    );
    assert_eq!((metrics.sum("strict", &[]), metrics.sum("granted_scanouts", &[])), (1.0, 0.0));
    assert_eq!(metrics.sum("pipelines", &[]), 0.0, "nothing was started for them");
}

#[test]
fn a_lease_watches_its_own_scanout_only() {
    let server = strict();
    let _owner = granting(&server, 1, LEASE);
    let mut neighbour = Client::showing(&server, LEASE);
    assert!(!neighbour.subscribe(0) && !neighbour.subscribe(2));
    assert!(neighbour.subscribe(1), "the same connection, still as it was");
    Eye::new(1).look_at_all(&neighbour.frames(5));
}

#[test]
fn a_lease_resizes_its_own_scanout_and_no_other() {
    let server = strict();
    let _owner = granting(&server, 1, LEASE);
    let mut watching = Client::showing(&server, LEASE);
    assert!(watching.subscribe(1));
    watching.frame();
    let mut lease = Client::showing(&server, LEASE);
    assert_eq!(lease.enable(1, Size::new(480, 270)).connector, "Virtual-2");
    while picture_size(&watching.frame().response) != Some(Size::new(480, 270)) {}
    assert!(!lease.enable(2, Size::new(480, 270)).success);
    assert!(!disable(&mut lease, 1).success, "only its lender takes it back");
    let mut secret = Client::showing(&server, SECRET);
    assert!(secret.subscribe(2));
    assert_eq!(picture_size(&secret.frame().response), Some(SIZE));
}

#[test]
fn a_lease_learns_how_its_own_scanout_is_doing_and_of_no_other() {
    let server = strict();
    let _owner = granting(&server, 1, LEASE);
    let mut watching = Client::showing(&server, LEASE);
    let mut asking = Client::showing(&server, LEASE);
    let before = asking.standing(1).expect("its own");
    assert_eq!((before.presence, before.age_ms, before.pictures), (Presence::On, None, 0));
    assert_eq!(server.metrics().sum("pipelines", &[]), 0.0, "asking starts nothing");
    assert!(watching.subscribe(1));
    watching.frames(5);
    let after = asking.standing(1).expect("its own");
    assert!(after.pictures >= 5 && after.size == Some(SIZE) && after.age_ms.is_some(), "{after:?}");
    assert_eq!((asking.standing(0), asking.standing(900)), (None, None));
    let mut secret = Client::showing(&server, SECRET);
    let presence = [0, 9, 900].map(|scanout| secret.standing(scanout).map(|standing| standing.presence));
    assert_eq!(presence, [Presence::On, Presence::Off, Presence::Absent].map(Some));
}

#[test]
fn the_secret_may_do_everything() {
    let server = strict();
    let mut owner = Client::showing(&server, SECRET);
    assert!(owner.enable(1, SIZE).success);
    assert!(disable(&mut owner, 2).success);
    assert!(!owner.subscribe(2), "it is disabled");
    assert!(owner.subscribe(1));
    Eye::new(1).look_at_all(&owner.frames(5));
}

#[test]
fn the_last_token_that_a_connection_shows_counts() {
    let server = strict();
    let mut client = Client::showing(&server, SECRET);
    client.show(OTHER);
    assert!(!client.subscribe(1));
    client.show(SECRET);
    assert!(client.subscribe(1));
}

#[test]
fn a_replaced_grant_ends_who_came_by_the_old_one() {
    let server = strict();
    let mut owner = granting(&server, 1, LEASE);
    let (mut old, mut by_secret) = (Client::showing(&server, LEASE), Client::showing(&server, SECRET));
    assert!(old.subscribe(1) && by_secret.subscribe(1));
    old.frame();
    owner.grant(1, OTHER);
    assert_eq!(old.last_error(), not_found("another lease owns the scanout now"));
    assert!(!Client::showing(&server, LEASE).subscribe(1));
    let mut new = Client::showing(&server, OTHER);
    assert!(new.subscribe(1));
    Eye::new(1).look_at_all(&new.frames(5));
    Eye::new(1).look_at_all(&by_secret.frames(5));
}

#[test]
fn a_repeated_grant_disturbs_nobody() {
    let server = strict();
    let mut owner = granting(&server, 1, LEASE);
    let mut watching = Client::showing(&server, LEASE);
    assert!(watching.subscribe(1));
    let mut frames = watching.frames(5);
    owner.grant(1, LEASE);
    assert!(owner.enable(1, SIZE).success);
    frames.extend(watching.frames_for(Duration::from_millis(500)));
    let seen = Eye::new(1).look_at_all(&frames);
    assert!(seen.len() > 10 && seen.iter().filter(|seen| seen.idr).count() == 1, "{seen:?}");
}

#[test]
fn disabling_takes_the_grant_back() {
    let server = strict();
    let mut owner = granting(&server, 1, LEASE);
    let mut watching = Client::showing(&server, LEASE);
    assert!(watching.subscribe(1));
    watching.frame();
    assert!(disable(&mut owner, 1).success);
    assert_eq!(watching.last_error(), not_found("the scanout was disabled"));
    assert!(owner.enable(1, SIZE).success);
    assert!(!Client::showing(&server, LEASE).subscribe(1), "it is somebody else's by now");
    assert_eq!(server.metrics().sum("granted_scanouts", &[]), 0.0);
}

#[test]
fn a_grant_comes_before_the_scanout() {
    let server = strict();
    let mut owner = granting(&server, 7, LEASE);
    let mut lease = Client::showing(&server, LEASE);
    assert!(!lease.subscribe(7), "there is nothing to see yet");
    assert!(owner.enable(7, SIZE).success);
    assert!(lease.subscribe(7));
    Eye::new(7).look_at_all(&lease.frames(3));
}

#[test]
fn a_subscribed_connection_that_shows_another_token_is_ended() {
    let server = strict();
    for message in [
        Message::Authorize(Authorize { token: OTHER }),
        Message::Grant(Grant { scanout: ScanoutId::new(1), token: OTHER }),
    ] {
        let mut client = Client::showing(&server, SECRET);
        assert!(client.subscribe(1));
        client.send(&message);
        assert_eq!(client.last_error().code, ErrorCode::InvalidMessage);
    }
    assert_eq!(server.metrics().sum("granted_scanouts", &[]), 0.0);
}

#[test]
fn the_rule_is_the_same_on_a_unix_socket() {
    let secret = SecretFile::new(0o600);
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("frames.sock");
    let server = Server::start(&["--unix", socket.to_str().expect("text"), "--secret-file", secret.path()]);
    let mut stranger = Client::connect_unix(&server.unix());
    may_do_nothing(&mut stranger);
    stranger.show(SECRET);
    assert!(stranger.subscribe(1));
}

#[test]
fn an_open_host_takes_tokens_and_ignores_them() {
    for args in [&["--legacy"][..], &[]] {
        let server = Server::start(&[&["--scanouts", "2", "--size", "320x180"], args].concat());
        let mut owner = Client::showing(&server, OTHER);
        let mut watching = Client::subscribed(&server, 1);
        watching.frame();
        owner.grant(1, LEASE);
        owner.grant(1, OTHER);
        assert!(owner.enable(1, SIZE).success);
        Eye::new(1).look_at_all(&Client::subscribed(&server, 1).frames(3));
        assert!(disable(&mut Client::connect(&server), 1).success);
        assert_eq!(watching.last_error().code, ErrorCode::NotFound);
        let metrics = server.metrics();
        assert_eq!((metrics.sum("strict", &[]), metrics.sum("refused_total", &[])), (0.0, 0.0));
    }
}

#[test]
fn guesses_and_noise_are_counted_and_change_nothing() {
    let server = strict();
    let _owner = granting(&server, 1, LEASE);
    let mut watching = Client::showing(&server, LEASE);
    assert!(watching.subscribe(1));
    let (mut dice, mut guessing) = (Dice::new(5), Client::connect(&server));
    for _ in 0..200 {
        let token = Token::new(std::array::from_fn(|_| u8::try_from(dice.below(256)).expect("a byte")));
        guessing.show(token);
        assert!(!guessing.subscribe(1));
    }
    let mut noise = Client::connect(&server);
    noise.send_bytes(&[0xa5; 64]);
    assert_eq!(noise.closed(), []);
    eventually("they are counted", || {
        let metrics = server.metrics();
        let count = |what| metrics.sum("refused_total", &[("what", what)]);
        (count("token"), count("subscribe"), metrics.sum("bad_streams_total", &[])) == (200.0, 200.0, 1.0)
    });
    Eye::new(1).look_at_all(&watching.frames(5));
    assert_eq!(server.log().matches("refused").count(), 16, "1, 2, 4 … 128 of each");
}

#[test]
fn tokens_are_not_logged() {
    let secret = SecretFile::new(0o600);
    let server = Server::start(&["--secret-file", secret.path(), "--log", "trace"]);
    let mut owner = granting(&server, 1, LEASE);
    assert!(!Client::showing(&server, OTHER).subscribe(1));
    owner.grant(1, OTHER);
    owner.answers();
    let log = server.log();
    for token in [SECRET, LEASE, OTHER] {
        let digits = token.to_hex();
        assert!(!log.contains(&digits[..8]) && !log.contains(&format!("{:?}", token.as_bytes())), "{log}");
    }
}

#[test]
fn a_secret_that_everybody_may_read_is_refused() {
    let secret = SecretFile::new(0o644);
    let (code, text) = refused(&["--tcp", "127.0.0.1:0", "--secret-file", secret.path()]);
    assert_eq!(code, Some(1));
    assert!(text.contains(&format!("chmod o= {}", secret.path())), "{text}");
}
