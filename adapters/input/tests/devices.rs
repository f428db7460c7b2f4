//! Real devices: what is said to them arrives at their nodes, and they vanish with their owner.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lunette_input::{Action, ClientId, Hands, InputDevice, InputDevices, Sink};
use lunette_sys_uinput::{Absolute, DEVICE, Event, Key, Relative};
use lunette_uevent::InputKind;
use rustix::fs::OFlags;

const PATIENCE: Duration = Duration::from_secs(10);
const ANN: ClientId = ClientId(1);

/// The devices of a desktop; says why there are none.
fn devices(name: &str) -> Option<InputDevices> {
    if let Err(error) = OpenOptions::new().write(true).open(DEVICE) {
        println!("NOT RUN: real input devices: {DEVICE}: {error}");
        return None;
    }
    Some(InputDevices::create(&name.parse().expect("an id")).expect("devices"))
}

fn find(devices: &InputDevices, kind: InputKind) -> InputDevice {
    devices.list().into_iter().find(|device| device.kind == kind).expect("one of each")
}

fn reader(devices: &InputDevices, kind: InputKind) -> File {
    devices.readers().expect("readers").open(&find(devices, kind).node.event).expect("a node").expect("a reader").into()
}

fn stranger(device: &InputDevice) -> File {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("a low bit");
    OpenOptions::new().read(true).custom_flags(flags).open(device.node.path()).expect("a node")
}

/// Events that wait at a node; the kernel has them as soon as they were told.
fn waiting(node: &mut File) -> Vec<Event> {
    let mut bytes = [0; 64 * Event::LENGTH];
    let length = node.read(&mut bytes).unwrap_or_default();
    bytes[..length].chunks(Event::LENGTH).filter_map(Event::decode).collect()
}

fn sysfs(device: &InputDevice, file: &str) -> String {
    fs::read_to_string(Path::new("/sys").join(&device.node.devpath()[1..]).join(file))
        .expect("a file")
        .trim()
        .to_owned()
}

#[test]
fn actions_arrive_at_the_nodes() {
    let Some(mut devices) = devices("arrive") else { return };
    let mut hands = Hands::new(lunette_frame::Size::new(65_536, 65_536));
    let absolute = |axis, value| Event::Absolute(axis, value);
    let relative = |axis, value| Event::Relative(axis, value);
    let expected: [(Action, InputKind, Vec<Event>); 6] = [
        (Action::Key { key: Key(30), down: true }, InputKind::Keyboard, vec![Event::Key(Key(30), true)]),
        (Action::Key { key: Key(0x2bc), down: true }, InputKind::Keyboard, vec![Event::Key(Key(0x2bc), true)]),
        (
            Action::MoveTo { x: 5.0, y: 6.0 },
            InputKind::Pointer,
            vec![absolute(Absolute::X, 5), absolute(Absolute::Y, 6)],
        ),
        (
            Action::Scroll { dx: 0.0, dy: 1.0 },
            InputKind::Pointer,
            vec![relative(Relative::WHEEL, -1), relative(Relative::WHEEL_HI_RES, -120)],
        ),
        (Action::MoveBy { dx: -3.0, dy: 0.0 }, InputKind::Mouse, vec![relative(Relative::X, -3)]),
        (
            Action::Touch { slot: 3, x: 7.0, y: 8.0, down: true },
            InputKind::Touch,
            vec![
                absolute(Absolute::MT_TRACKING_ID, 0),
                Event::Key(Key::TOUCH, true),
                absolute(Absolute::MT_POSITION_X, 7),
                absolute(Absolute::MT_POSITION_Y, 8),
                absolute(Absolute::X, 7),
                absolute(Absolute::Y, 8),
            ],
        ),
    ];
    for (action, kind, events) in expected {
        let mut node = reader(&devices, kind);
        for frame in hands.act(ANN, action).unwrap() {
            devices.emit(frame.device, &frame.events).unwrap();
        }
        assert_eq!(waiting(&mut node), events, "{action:?}");
    }
}

#[test]
fn devices_say_what_they_are() {
    let Some(devices) = devices("say") else { return };
    let keyboard = find(&devices, InputKind::Keyboard);
    assert_eq!(sysfs(&keyboard, "name"), "Lunette keyboard say");
    assert_eq!(sysfs(&keyboard, "phys"), "lunette/say/kbd");
    assert_eq!((sysfs(&keyboard, "id/bustype"), sysfs(&keyboard, "id/vendor")), ("0006".into(), "1209".into()));
    let touch = find(&devices, InputKind::Touch);
    assert_eq!(sysfs(&touch, "properties"), "2");
    assert_eq!(sysfs(&touch, "capabilities/abs"), "260800000000003");
    assert_eq!(sysfs(&find(&devices, InputKind::Pointer), "capabilities/rel"), "1940");
    // What libudev reads first, and what is too long for older kernels when a device has very many keys.
    for device in devices.list() {
        assert!(sysfs(&device, "uevent").contains("PRODUCT=6/1209/"), "{device:?}");
    }
}

#[test]
fn what_is_typed_is_heard_by_the_desktop_alone() {
    let Some(mut devices) = devices("alone") else { return };
    let mut stranger = stranger(&find(&devices, InputKind::Keyboard));
    devices.emit(InputKind::Keyboard, &[Event::Key(Key(30), true)]).unwrap();
    let mut first = reader(&devices, InputKind::Keyboard);
    assert_eq!(waiting(&mut first), [], "it was typed before");
    drop(first);
    let mut second = reader(&devices, InputKind::Keyboard);
    devices.emit(InputKind::Keyboard, &[Event::Key(Key(30), false)]).unwrap();
    assert_eq!(waiting(&mut second), [Event::Key(Key(30), false)]);
    assert_eq!(waiting(&mut stranger), []);
    assert!(devices.readers().unwrap().open("event9999").is_none());
}

/// Properties by which libinput knows a device, as udevd wrote them.
fn kinds(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| line.starts_with("E:ID_INPUT")).collect()
}

#[test]
fn udevd_takes_them_for_the_same() {
    let Some(devices) = devices("udevd") else { return };
    if !Path::new("/run/udev/control").exists() {
        println!("NOT RUN: what udevd takes our devices for: no udevd here");
        return;
    }
    for device in devices.list() {
        for entry in device.entries(1) {
            let path = Path::new("/run/udev/data").join(entry.key().to_string());
            let start = Instant::now();
            let text = loop {
                match fs::read_to_string(&path) {
                    Ok(text) if text.contains("ID_INPUT") => break text,
                    _ => assert!(start.elapsed() < PATIENCE, "{}", path.display()),
                }
                std::thread::yield_now();
            };
            assert_eq!(kinds(&text), kinds(&entry.text()), "{:?} {}", device.kind, path.display());
        }
    }
}

#[test]
fn devices_vanish_with_their_owner_and_keys_go_up() {
    let Some(mut devices) = devices("vanish") else { return };
    let mut node = reader(&devices, InputKind::Keyboard);
    devices.emit(InputKind::Keyboard, &[Event::Key(Key(30), true)]).unwrap();
    assert_eq!(waiting(&mut node), [Event::Key(Key(30), true)]);
    let paths: Vec<PathBuf> = devices.list().iter().map(|device| device.node.path()).collect();
    assert!(paths.iter().all(|path| path.exists()));
    drop(devices);
    let start = Instant::now();
    while paths.iter().any(|path| path.exists()) {
        assert!(start.elapsed() < PATIENCE, "{paths:?}");
        std::thread::yield_now();
    }
}
