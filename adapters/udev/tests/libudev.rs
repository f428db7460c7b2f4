//! libudev in namespaces like those of a desktop: what it finds in our database, and what it hears through our relay.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use lunette_desktop::IdRange;
use lunette_sys_libudev::Libudev;
use lunette_udev::{CardDevice, Database, Heard, Hotplug, Passage, Relay};
use lunette_uevent::{DeviceKey, DeviceNumber, Entry, Event};
use tokio::time::timeout;

const IDS: IdRange = IdRange { first: 1_000_000, count: 65_536 };
const STRANGER: IdRange = IdRange { first: 1_200_000, count: 65_536 };
const PATIENCE: Duration = Duration::from_secs(20);
/// A character device that every machine has, so that libudev finds it in sysfs.
const NULL: DeviceNumber = DeviceNumber { major: 1, minor: 3 };
const CARD: DeviceNumber = DeviceNumber { major: 226, minor: 0 };
/// Tells the test's program that it is the one inside.
const INSIDE: &str = "LUNETTE_TEST_INSIDE_DESKTOP";
/// `unshare` leaves a shell with rights over the new namespaces; it becomes their root once that has a number outside.
const SCRIPT: &str = r#"echo unshared; read -r mapped
exec setpriv --reuid=0 --regid=0 --clear-groups sh -ec '
mount -t tmpfs tmpfs /run; mkdir /run/udev; mount --bind "$1" /run/udev
shift; exec "$@"' sh "$@""#;

/// Why libudev cannot be tried here.
fn obstacle() -> Option<String> {
    let has = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    if !rustix::process::geteuid().is_root() {
        return Some("only root sends events".to_owned());
    }
    let missing = ["unshare", "setpriv", "mount"].into_iter().find(|program| !has(program));
    missing.map(|program| format!("no {program}")).or_else(|| Libudev::open().err().map(|error| error.to_string()))
}

/// This program, inside of a desktop's namespaces.
struct Inside {
    child: Child,
    orders: ChildStdin,
    lines: BufReader<std::process::ChildStdout>,
}

impl Inside {
    fn start(database: &Path) -> Self {
        let program = env::current_exe().expect("this program");
        let mut command = Command::new("unshare");
        command.args(["--user", "--keep-caps", "--net", "--mount", "--ipc", "--uts", "sh", "-c", SCRIPT, "sh"]);
        command.arg(database).arg(program).args(["--exact", "inside", "--ignored", "--nocapture"]).env(INSIDE, "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("unshare");
        let (orders, lines) =
            (child.stdin.take().expect("a pipe"), BufReader::new(child.stdout.take().expect("a pipe")));
        let mut inside = Self { child, orders, lines };
        inside.wait_for("unshared");
        for map in ["uid_map", "gid_map"] {
            let map = format!("/proc/{}/{map}", inside.child.id());
            std::fs::write(map, format!("0 {} {}", IDS.first, IDS.count)).expect("a map");
        }
        writeln!(inside.orders, "mapped").expect("a shell that reads");
        inside
    }

    fn netns(&self) -> OwnedFd {
        File::open(format!("/proc/{}/ns/net", self.child.id())).expect("its network").into()
    }

    /// Lines until the one that is waited for; what the test harness prints is among them.
    fn wait_for(&mut self, last: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in self.lines.by_ref().lines().map_while(Result::ok) {
            if line == last {
                return found;
            }
            found.push(line);
        }
        panic!("ended before {last:?}: {found:?}");
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn card() -> CardDevice {
    CardDevice { devpath: "/devices/x/drm/card0".to_owned(), number: CARD, node: "dri/card0".to_owned() }
}

fn hotplug(seqnum: u64) -> Event {
    card().hotplug(seqnum).as_udevd(&Entry::card(CARD, 7))
}

/// The program inside: says what has the tag, then what it hears.
#[test]
#[ignore = "run by the other tests, inside of a desktop's namespaces"]
fn inside() {
    if env::var_os(INSIDE).is_none() {
        println!("NOT RUN: the program inside of a desktop: it has a part in another test only");
        return;
    }
    let libudev = Libudev::open().unwrap();
    for (path, properties) in libudev.tagged("seat").unwrap() {
        println!("found {path} {properties:?}");
    }
    let monitor = libudev.monitor(Some(("drm", "drm_minor")), Some("seat")).unwrap();
    println!("listening");
    let heard = monitor.receive(PATIENCE).unwrap().expect("an event in time");
    heard.iter().for_each(|(key, value)| println!("{key}={value}"));
    println!("heard");
}

#[test]
fn a_desktop_finds_its_devices_and_hears_of_them_from_its_root_alone() {
    if let Some(obstacle) = obstacle() {
        println!("NOT RUN: libudev inside of a desktop: {obstacle}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    rustix::fs::chmod(folder.path(), 0o755.into()).unwrap();
    let database = Database::open(&folder.path().join("udev")).unwrap();
    database.put(&Entry::new(DeviceKey::Node(NULL), 7).with("ID_SEAT", "seat0").tagged("seat")).unwrap();
    let mut inside = Inside::start(database.folder());
    let found = inside.wait_for("listening");
    let found: Vec<&String> = found.iter().filter(|line| line.starts_with("found ")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    for part in ["/sys/devices/virtual/mem/null", r#""ID_SEAT": "seat0""#, r#""INITIALIZED": "1""#] {
        assert!(found[0].contains(part), "{part} in {found:?}");
    }

    let netns = inside.netns();
    let (ours, stranger) = (Relay::into(&netns, IDS).unwrap(), Relay::into(&netns, STRANGER).unwrap());
    let outside = Relay::into(&netns, IdRange { first: 0, count: 1 }).unwrap();
    // libudev drops those of strangers, and its filter those of other subsystems and without the tag.
    stranger.send(&hotplug(1)).unwrap();
    outside.send(&hotplug(2)).unwrap();
    ours.send(&Event::new("add", "/devices/x/input5", "input", 3).with("TAGS", ":seat:")).unwrap();
    ours.send(&card().hotplug(4)).unwrap();
    ours.send(&hotplug(5).with("CONNECTOR", "38")).unwrap();
    let heard = inside.wait_for("heard");
    let expected = [
        "ACTION=change",
        "SEQNUM=5",
        "HOTPLUG=1",
        "CONNECTOR=38",
        "DEVNAME=/dev/dri/card0",
        "ID_SEAT=seat0",
        "DEVPATH=/devices/x/drm/card0",
        "USEC_INITIALIZED=7",
    ];
    for line in expected {
        assert!(heard.iter().any(|heard| heard == line), "{line} in {heard:?}");
    }
}

#[tokio::test]
async fn the_kernels_own_events_are_heard() {
    let mut hotplug = Hotplug::listen().unwrap();
    let device = Path::new("/sys/devices/virtual/mem/null/uevent");
    if let Err(error) = std::fs::write(device, "change") {
        println!("NOT RUN: events of the kernel: {}: {error}", device.display());
        return;
    }
    let heard = async {
        loop {
            match hotplug.next().await.unwrap() {
                Heard::Event(event) if event.devpath() == "/devices/virtual/mem/null" => return event,
                _ => {}
            }
        }
    };
    let event = timeout(PATIENCE, heard).await.expect("an event in time");
    assert_eq!((event.action(), event.subsystem(), event.key()), ("change", "mem", DeviceKey::Node(NULL)));
    let mut passage = Passage::new(Some(card()), None, Vec::new(), Vec::new());
    assert_eq!(passage.pass(Heard::Event(event)), None, "it is not the desktop's");
}
