//! A store whose program is killed at any point. The same program is the one that is killed and the one that looks.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lunette_desktop::Wish;
use lunette_fleet::{Desired, Wanted};
use lunette_store::{Sqlite, Storage};

const NAME: &str = "what_was_answered_is_there_after_each_of_200_kills";
const VARIABLE: &str = "LUNETTE_STORE_WRITER";
const KILLS: u32 = 200;

fn main() {
    if let Some(path) = std::env::var_os(VARIABLE) {
        write_for_ever(Path::new(&path));
    }
    let arguments: Vec<String> = std::env::args().collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    match (has("--list"), has("--ignored")) {
        // None is left out.
        (true, true) => {}
        (true, false) => println!("{NAME}: test"),
        (false, _) => kills(),
    }
}

fn desired(number: u64) -> Desired {
    Desired {
        id: format!("d-{number}").parse().expect("an id"),
        host: "local".parse().expect("a host"),
        wish: Wish::plain("light".parse().expect("a profile")),
        wanted: Wanted::Running,
        owner: "writer".to_owned(),
        tags: std::collections::BTreeSet::new(),
        created_ms: number,
    }
}

fn write_for_ever(path: &Path) {
    let mut store = Sqlite::open(path).expect("opened");
    let first = store.desktops().expect("a list").len() as u64;
    for number in first.. {
        store.put_desktop(&desired(number)).expect("kept");
        store.note(number, "desktop.wanted", None, "x").expect("noted");
        println!("{number}");
    }
}

fn kills() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.sqlite");
    let (mut answered, started) = (None, Instant::now());
    for kill in 0..KILLS {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let mut child = command.env(VARIABLE, &path).stdout(Stdio::piped()).spawn().expect("a writer");
        // From before it has opened its file to some way into its work.
        std::thread::sleep(Duration::from_micros(u64::from(kill) * 997 % 20_000));
        child.kill().expect("killed");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let last = lines.map_while(Result::ok).filter_map(|line| line.parse::<u64>().ok()).last();
        child.wait().expect("reaped");
        answered = last.or(answered);
        let there = Sqlite::open(&path).expect("opens").desktops().expect("a list");
        let numbers: Vec<u64> = there.iter().map(|desired| desired.created_ms).collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "kill {kill}: nothing is missing between");
        assert!(answered.is_none_or(|answered| (numbers.len() as u64) > answered), "kill {kill}: {answered:?} is lost");
    }
    assert!(answered.is_some_and(|answered| answered > 100), "something was written: {answered:?}");
    println!("{KILLS} kills, {answered:?} answered, {:?}", started.elapsed());
}
