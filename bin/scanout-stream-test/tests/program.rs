//! The program as people start it: output and exit code.

mod support;

use std::process::{Child, Command, Output, Stdio};

use lunette_frame::ScanoutId;
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, Message, SubscribeResponse};
use rustix::process::{Pid, Signal, kill_process};
use scanout_stream_test::Address;
use support::SCANOUT;
use support::screen::stream;
use support::server::{Server, granted, picture, unknown};

fn start(address: &Address, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scanout-stream-test"));
    command.arg(address.to_string()).arg(SCANOUT.to_string()).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn outcome(address: &Address, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = start(address, arguments).wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_good_stream_exits_with_zero_and_a_table() {
    let server = Server::of(stream(SCANOUT, 0..10));
    let (code, stdout, stderr) = outcome(&server.address, &["--frames", "10", "--verify"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("10 of 10 right"), "{stdout}");
    assert!(stdout.ends_with("result       fine\n"), "{stdout}");
}

#[test]
fn a_token_is_shown_before_the_subscription_is_asked_for() {
    let units = stream(SCANOUT, 0..1);
    let shown = Message::Authorize(Authorize { token: Token::new([0x5a; 32]) });
    let server = Server::awaiting(&[shown], move |client| {
        client.send(&granted());
        client.send(&picture(&units[0]));
    });
    let (code, _, stderr) = outcome(&server.address, &["--frames", "1", "--token", &"5a".repeat(32)]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_fault_exits_with_one_and_json() {
    let server = Server::of(stream(ScanoutId::new(9), 0..2));
    let (code, stdout, _) = outcome(&server.address, &["--frames", "2", "--verify", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &report["verify"]["markers"]["wrong_scanout"]), (Some(1), &2.into()), "{stdout}");
}

#[test]
fn a_refusal_exits_with_two_and_says_what_to_try() {
    let refusal = Message::SubscribeResponse(SubscribeResponse { scanout: SCANOUT, success: false });
    let server = Server::start(move |client| client.send(&refusal));
    let (code, stdout, stderr) = outcome(&server.address, &[]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    let expected = "scanout-stream-test: scanout 3 is not enabled or does not exist on that server\n  ";
    assert!(stderr.starts_with(expected), "{stderr}");
}

#[test]
fn an_interrupt_ends_the_run_with_a_report() {
    let (sending, when_read) = std::sync::mpsc::channel();
    let units = stream(SCANOUT, 0..3);
    let server = Server::start(move |client| {
        client.send(&granted());
        units.iter().for_each(|unit| client.send(&picture(unit)));
        // More than all socket buffers hold: once it is written, the program has read the pictures.
        let ballast = unknown(&vec![0; 16 << 20]);
        (0..4).for_each(|_| client.send_bytes(&ballast));
        sending.send(()).expect("the test waits");
        client.stay_silent();
    });
    let program = start(&server.address, &["--json", "--seconds", "600"]);
    when_read.recv().expect("the server sends");
    kill_process(Pid::from_child(&program), Signal::INT).expect("it runs");
    let output = program.wait_with_output().expect("it ends");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &report["ended"]["why"]), (Some(0), &"interrupted".into()), "{report}");
    assert_eq!(report["frames"], 3);
}
