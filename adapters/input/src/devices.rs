//! The devices of one desktop.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use lunette_desktop::DesktopId;
use lunette_sys_uinput::{
    Absolute, Blueprint, DEVICE, Device, Event, Identity, Key, LONGEST_NAME, Node, Property, Range, Reader, Relative,
    UinputError,
};
use lunette_uevent::{DeviceNumber, Entry, InputKind};

use crate::InputError;
use crate::hands::FARTHEST;
use crate::touches::{LAST_TRACKING, SLOTS};

/// Where frames go.
pub trait Sink: Send {
    /// Tells one frame.
    ///
    /// # Errors
    /// When the device is gone.
    fn emit(&mut self, device: InputKind, events: &[Event]) -> Result<(), UinputError>;
}

/// A keyboard, a pointer, a mouse and a touch screen; dropped, they vanish.
///
/// Positions and distances are told by two devices, since a device that tells both is taken for something else by
/// some programs. Buttons and wheels are the pointer's.
#[derive(Debug)]
pub struct InputDevices {
    devices: Vec<(InputKind, Device)>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputDevice {
    /// What it is.
    pub kind: InputKind,
    /// Where it is.
    pub node: Node,
}

impl InputDevices {
    /// Makes the devices of a desktop.
    ///
    /// # Errors
    /// When the kernel makes none.
    pub fn create(desktop: &DesktopId) -> Result<Self, InputError> {
        let make = |kind| Ok((kind, Device::create(Path::new(DEVICE), &blueprint(kind, desktop))?));
        let devices = InputKind::ALL.into_iter().map(make).collect::<Result<_, UinputError>>()?;
        Ok(Self { devices })
    }

    /// What they are and where.
    #[must_use]
    pub fn list(&self) -> Vec<InputDevice> {
        self.devices.iter().map(|(kind, device)| InputDevice { kind: *kind, node: device.node().clone() }).collect()
    }

    /// Who hears them: for whoever opens nodes for the desktop.
    ///
    /// # Errors
    /// When descriptors ran out.
    pub fn readers(&self) -> io::Result<InputReaders> {
        let reader = |(_, device): &(InputKind, Device)| Ok((device.node().event.clone(), device.reader()?));
        Ok(InputReaders { readers: self.devices.iter().map(reader).collect::<io::Result<_>>()? })
    }
}

/// The only ones who hear a desktop's devices. Whoever opens a node by its path hears nothing: what is typed in a
/// desktop is not for the machine's console.
#[derive(Debug)]
pub struct InputReaders {
    readers: Vec<(String, Reader)>,
}

impl InputReaders {
    /// The node of this name, such as `event3`, open to hear what happens from now on; `None` when it is not of this
    /// desktop. All that are open share what there is to hear.
    pub fn open(&self, event: &str) -> Option<io::Result<OwnedFd>> {
        self.readers.iter().find(|(name, _)| name == event).map(|(_, reader)| reader.open_again())
    }
}

impl Sink for InputDevices {
    fn emit(&mut self, device: InputKind, events: &[Event]) -> Result<(), UinputError> {
        self.devices.iter_mut().filter(|(kind, _)| *kind == device).try_for_each(|(_, device)| device.emit(events))
    }
}

impl InputDevice {
    /// Number of its node.
    #[must_use]
    pub fn number(&self) -> DeviceNumber {
        let (major, minor) = self.node.number;
        DeviceNumber { major, minor }
    }

    /// What udev's database is to say: of the device, and of its node.
    #[must_use]
    pub fn entries(&self, initialized_usec: u64) -> [Entry; 2] {
        let device = Entry::input(self.kind, &self.node.input, initialized_usec);
        [device, Entry::input_node(self.kind, self.number(), initialized_usec)]
    }
}

/// Vendor of devices that no company made, by pid.codes.
const VENDOR: u16 = 0x1209;
/// No bus.
const BUS_VIRTUAL: u16 = 6;

fn blueprint(kind: InputKind, desktop: &DesktopId) -> Blueprint {
    let (word, place, product) = match kind {
        InputKind::Keyboard => ("keyboard", "kbd", 1),
        InputKind::Pointer => ("pointer", "ptr", 2),
        InputKind::Mouse => ("mouse", "rel", 3),
        InputKind::Touch => ("touch", "touch", 4),
    };
    let mut name = format!("Lunette {word} {desktop}");
    name.truncate(LONGEST_NAME);
    let identity = Identity { bus: BUS_VIRTUAL, vendor: VENDOR, product, version: 1 };
    let plain = Blueprint { name, phys: format!("lunette/{desktop}/{place}"), identity, ..Blueprint::default() };
    match kind {
        InputKind::Keyboard => Blueprint { keys: Key::of_keyboards().collect(), ..plain },
        InputKind::Pointer => Blueprint {
            keys: Key::of_mice().collect(),
            relative: vec![Relative::WHEEL, Relative::WHEEL_HI_RES, Relative::HWHEEL, Relative::HWHEEL_HI_RES],
            absolute: screen(&[Absolute::X, Absolute::Y]),
            ..plain
        },
        // udev takes no device without buttons for a mouse.
        InputKind::Mouse => {
            let relative = vec![Relative::X, Relative::Y];
            Blueprint { keys: Key::of_mice().collect(), relative, properties: vec![Property::POINTER], ..plain }
        }
        InputKind::Touch => touch_screen(plain),
    }
}

fn touch_screen(plain: Blueprint) -> Blueprint {
    let to = |maximum| Range { minimum: 0, maximum, resolution: 0 };
    let last_slot = i32::try_from(SLOTS).unwrap_or(1) - 1;
    let mut absolute = screen(&[Absolute::X, Absolute::Y, Absolute::MT_POSITION_X, Absolute::MT_POSITION_Y]);
    absolute.extend([(Absolute::MT_SLOT, to(last_slot)), (Absolute::MT_TRACKING_ID, to(LAST_TRACKING))]);
    Blueprint { keys: vec![Key::TOUCH], absolute, properties: vec![Property::DIRECT], ..plain }
}

fn screen(axes: &[Absolute]) -> Vec<(Absolute, Range)> {
    axes.iter().map(|axis| (*axis, Range { minimum: 0, maximum: FARTHEST, resolution: 0 })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_whatever_the_desktop_is_called() {
        let longest: DesktopId = "d".repeat(63).parse().unwrap();
        for kind in InputKind::ALL {
            let blueprint = blueprint(kind, &longest);
            assert!(blueprint.name.len() <= LONGEST_NAME, "{}", blueprint.name);
            assert!(blueprint.phys.contains(longest.as_str()));
        }
    }

    #[test]
    fn devices_are_named_after_their_desktop() {
        let blueprint = blueprint(InputKind::Keyboard, &"red".parse().unwrap());
        assert_eq!((blueprint.name.as_str(), blueprint.phys.as_str()), ("Lunette keyboard red", "lunette/red/kbd"));
    }

    #[test]
    fn a_device_has_an_entry_for_itself_and_one_for_its_node() {
        let node = Node { input: "input7".to_owned(), event: "event4".to_owned(), number: (13, 68) };
        let entries = InputDevice { kind: InputKind::Touch, node }.entries(1);
        assert_eq!(entries.map(|entry| entry.key().to_string()), ["+input:input7", "c13:68"]);
    }
}
