//! What the holder of a lease asks the host about its output.

use std::time::{Duration, Instant};

use lunette::lab::{Guest, Lab};
use lunette_frame::{ScanoutId, Size};
use lunette_screen::{Presence, Screen, ScreenError, Standing};
use lunette_wire::Token;
use scanout_stream_test::{Address, Limits, Plan, Until, Verification};

use crate::support::{SMALL, machine, watch_plan};

const LIMIT: Duration = Duration::from_secs(60);
const LARGER: Size = Size::new(800, 600);

/// A client in the guest that follows the size of its output.
struct Follower<'a> {
    guest: &'a Guest,
    pid: String,
    scanout: ScanoutId,
    token: Token,
}

impl<'a> Follower<'a> {
    fn start(guest: &'a Guest) -> Self {
        let probe = "guest-probe follow --socket /run/helix-drm/drm.sock";
        let files = "--token-file /run/follow.token >/run/follow.out 2>/run/follow.err";
        let pid = guest.run(&format!("{probe} --size {SMALL} {files} & echo $!")).expect("a shell").trim().to_owned();
        let said = eventually("a follower's first picture", || {
            let said = guest.run("cat /run/follow.out").expect("a shell");
            said.split_whitespace().find_map(|word| word.strip_prefix("scanout=").map(str::to_owned))
        });
        let token = guest.run("cat /run/follow.token").expect("a token");
        let token = Token::from_file(token.as_bytes()).expect("a token");
        Self { guest, pid, scanout: ScanoutId::new(said.parse().expect("a number")), token }
    }

    fn signal(&self, signal: &str) {
        self.guest.run(&format!("kill -{signal} {}", self.pid)).expect("it runs");
    }
}

/// Asks until there is an answer.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        match ask() {
            Some(found) => return found,
            None => assert!(Instant::now() < end, "not within {LIMIT:?}: {what}"),
        }
    }
}

fn connect(lab: &Lab, token: Token) -> Screen {
    Screen::connect(&lab.exporter().address().to_string(), token, LIMIT).expect("frame-export answers")
}

#[test]
fn a_lease_learns_how_its_output_is_doing_and_gets_another_size() {
    let Some(machine) = machine("screens") else { return };
    let lab = &machine.lab;
    let follower = Follower::start(lab.guest());
    let scanout = follower.scanout;
    let mut screen = connect(lab, follower.token);
    let mut status = || screen.status(scanout).expect("its own output");

    // Nobody watches, and pictures are counted.
    let first = status();
    assert_eq!((first.presence, first.size), (Presence::On, Some(SMALL)));
    eventually("more pictures", || (status().pictures > first.pictures).then_some(()));

    follower.signal("STOP");
    let stopped = eventually("a picture that has aged", || {
        let Standing { pictures, age_ms, .. } = status();
        age_ms.filter(|age| *age > 1000).map(|_| pictures)
    });
    let before = status();
    let older = eventually("an older picture", || Some(status()).filter(|later| later.age_ms > before.age_ms));
    assert_eq!((before.pictures, older.pictures), (stopped, stopped));
    follower.signal("CONT");
    eventually("pictures again", || status().age_ms.filter(|age| *age < 1000));

    let mut stranger = connect(lab, Token::new([7; Token::LEN]));
    assert!(matches!(stranger.status(scanout), Err(ScreenError::NotAllowed(_))));
    assert!(matches!(stranger.resize(scanout, LARGER), Err(ScreenError::NotAllowed(_))));

    // The stream of whoever watches goes on in the new size, at an IDR.
    let address: Address = lab.exporter().address().to_string().parse().expect("an address");
    let plan = Plan {
        address,
        scanout,
        token: Some(follower.token),
        limits: Limits::default(),
        until: Until { time: Duration::from_secs(20), frames: None },
        save: None,
        verification: Verification::Off,
    };
    let watching = watch_plan(plan);
    screen.resize(scanout, LARGER).expect("its own output");
    let mut status = || screen.status(scanout).expect("its own output");
    eventually("a picture of the new size", || status().size.filter(|size| *size == LARGER));
    let report = watching.fine();
    let sps = report.stream.sps.expect("a stream has one");
    assert_eq!((sps.width, sps.height), (LARGER.width, LARGER.height));
    println!(
        "{} pictures, {} in another size; {} IDR pictures",
        report.frames, report.stream.sps_changes, report.idr.count
    );
}
