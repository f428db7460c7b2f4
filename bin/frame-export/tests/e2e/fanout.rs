//! Subscribers that do not read, or slowly, beside others that do.

use std::time::{Duration, Instant};

use crate::support::{Client, Eye, Frame, Reader, Server, eventually, long};

/// Large pictures, fast, but not faster than they are read: what nobody reads fills every buffer within a second or two.
/// No ceiling leaves any out.
const FLOOD: [&str; 14] = [
    "--encoder",
    "openh264",
    "--pattern",
    "noise",
    "--fps",
    "0",
    "--scanouts",
    "1",
    "--size",
    "640x360",
    "--quality",
    "10",
    "--max-bitrate",
    "4000M",
];

fn stalls(server: &Server) -> f64 {
    server.metrics().sum("client_stalls_total", &[])
}

/// Waits until somebody's queue has overflowed once more, with `LUNETTE_LONG=1` for ten seconds at least.
fn stall(server: &Server) {
    let since = Instant::now();
    let least = if long() { Duration::from_secs(10) } else { Duration::ZERO };
    let before = stalls(server);
    while since.elapsed() < least || stalls(server) == before {
        assert!(since.elapsed() < Duration::from_secs(30), "nobody's queue overflows");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A subscriber that reads from now on.
fn reader(server: &Server) -> Reader {
    let mut client = Client::subscribed(server, 0);
    let first = client.frames(1);
    Reader::start(client, first)
}

/// A subscriber that has its first picture and takes no more.
fn deaf(server: &Server) -> (Client, Vec<Frame>) {
    let mut client = Client::subscribed(server, 0).narrow();
    let first = client.frames(1);
    (client, first)
}

/// Takes what comes up to the next IDR, that one included.
fn take_to_idr(client: &mut Client, frames: &mut Vec<Frame>) {
    loop {
        frames.push(client.frame());
        if frames.last().is_some_and(Frame::is_idr) {
            return;
        }
    }
}

/// Where the burnt-in numbers do not rise by one: by how much they do, and whether an IDR stands there.
fn jumps(frames: &[Frame]) -> Vec<(u32, bool)> {
    let seen = Eye::new(0).look_at_all(frames);
    let steps = seen.windows(2).map(|pair| (pair[1].counter - pair[0].counter, pair[1].idr));
    steps.filter(|(step, _)| *step != 1).collect()
}

fn idrs(frames: &[Frame]) -> usize {
    frames.iter().filter(|frame| frame.is_idr()).count()
}

#[test]
fn who_stops_reading_costs_the_others_nothing_and_resumes_at_an_idr() {
    let server = Server::start(&FLOOD);
    let (mut stalled, mut resumed) = deaf(&server);
    let readers = [reader(&server), reader(&server)];
    stall(&server);
    take_to_idr(&mut stalled, &mut resumed);
    resumed.extend(stalled.frames_for(Duration::from_secs(1)));
    let [one, other] = readers.map(Reader::stop);
    let jumps_of_stalled = jumps(&resumed);
    // What follows its IDR comes from an encoder that gets a share of the time only, so it may leave pictures out.
    assert!(matches!(jumps_of_stalled[..], [(_, true), ..]), "the first jump is to an IDR: {jumps_of_stalled:?}");
    assert_eq!(jumps_of_stalled.iter().filter(|(_, idr)| *idr).count(), 1, "{jumps_of_stalled:?}");
    let caused = |reason| server.metrics().sum("idrs_total", &[("reason", reason)]);
    assert_eq!(caused("resync"), 1.0, "the one that the stalled one resumed at");
    assert_eq!(caused("requested") + caused("merge") + caused("encoder"), 0.0);
    // The source is flat out, so numbers that rise by one are every picture that was captured. On a busy machine the
    // readers themselves are late at times, and what they cannot take is not made.
    let left_out: u32 = jumps(&one).iter().map(|(step, _)| step - 1).sum();
    assert!(u64::from(left_out) * 20 <= one.len() as u64, "{left_out} left out of {}", one.len());
    assert!(idrs(&one[40..]) == 0 && idrs(&other[40..]) == 0, "no IDR for another's sake");
    assert_same(&one, &other);
    let missed = jumps_of_stalled[0].0 - 1;
    println!("{} and {} pictures, {left_out} left out; the stalled one missed {missed}", one.len(), other.len());
}

/// From the first picture that both have to the end of the shorter one, both have the same.
fn assert_same(one: &[Frame], other: &[Frame]) {
    let pts = |frames: &[Frame]| frames[40].response.pts;
    let at = |frames: &[Frame], pts| frames.iter().position(|frame| frame.response.pts == pts);
    let pts = pts(one).max(pts(other));
    let (one, other) = (&one[at(one, pts).expect("it has it")..], &other[at(other, pts).expect("it has it")..]);
    let common = one.len().min(other.len());
    assert!(common > 50, "{common} pictures");
    assert!(one.iter().zip(other).all(|(one, other)| one.response == other.response));
}

#[test]
fn who_is_alone_and_too_slow_gets_all_that_is_encoded() {
    let server = Server::start(&FLOOD);
    let mut slow = Client::subscribed(&server, 0).narrow();
    let mut frames = Vec::new();
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(if long() { 15 } else { 5 }) {
        frames.push(slow.frame());
        // Its link has a fraction of the bandwidth.
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{} pictures", frames.len());
    assert_eq!(jumps(&frames), [], "what it cannot take is not made");
    assert_eq!((idrs(&frames), stalls(&server)), (1, 0.0));
}

#[test]
fn who_is_alone_and_takes_nothing_is_waited_for_and_needs_no_idr() {
    let server = Server::start(&FLOOD);
    let (mut only, mut frames) = deaf(&server);
    eventually("the encoder waits", || server.waits_for_its_clients());
    frames.extend(only.frames(60));
    assert_eq!(jumps(&frames), []);
    assert_eq!((idrs(&frames), stalls(&server)), (1, 0.0));
}

#[test]
fn who_resumes_has_a_picture_at_once() {
    let server = Server::start(&FLOOD);
    let (mut stalled, mut frames) = deaf(&server);
    let reader = reader(&server);
    stall(&server);
    let asked = Instant::now();
    frames.clear();
    take_to_idr(&mut stalled, &mut frames);
    let wait = frames[frames.len() - 1].at - asked;
    println!("{} pictures from before, then an IDR after {wait:?}", frames.len() - 1);
    assert!(wait < Duration::from_secs(1), "{wait:?}");
    reader.stop();
}

#[test]
fn capture_times_increase_when_two_encoders_become_one_again() {
    let server = Server::start(&FLOOD);
    // The survivor falls behind and gets the second encoder; then all who follow the first one leave.
    let (mut survivor, mut survived) = deaf(&server);
    let first = reader(&server);
    stall(&server);
    take_to_idr(&mut survivor, &mut survived);
    let survivor = Reader::start(survivor, survived);
    first.stop();
    eventually("they have left", || server.metrics().sum("connections", &[]) == 1.0);
    // So the next who falls behind gets the first encoder, until the second one has a reason for an IDR.
    let (mut stalled, mut frames) = deaf(&server);
    stall(&server);
    take_to_idr(&mut stalled, &mut frames);
    frames.extend(stalled.frames(30));
    survivor.ask_for_idr();
    take_to_idr(&mut stalled, &mut frames);
    frames.extend(stalled.frames(30));
    survivor.stop();
    // The eye demands that capture times increase strictly.
    Eye::new(0).look_at_all(&frames);
}

#[test]
fn a_subscriber_that_stalls_and_leaves_takes_its_encoder_along() {
    let server = Server::start(&FLOOD);
    let reader = reader(&server);
    let (mut stalled, _) = deaf(&server);
    stall(&server);
    take_to_idr(&mut stalled, &mut Vec::new());
    drop(stalled);
    eventually("it has left", || server.metrics().sum("connections", &[]) == 1.0);
    reader.stop();
    eventually("all have left", || server.metrics().sum("pipelines", &[]) == 0.0);
    assert!(Client::subscribed(&server, 0).frame().is_idr());
}
