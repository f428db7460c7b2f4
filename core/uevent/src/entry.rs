//! A device's entry in udevd's database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::{DeviceKey, DeviceNumber};

/// The tag by which compositors find their cards.
pub const SEAT_TAG: &str = "seat";
/// The tag by which Mutter knows the card to prefer.
pub const PREFERRED_TAG: &str = "mutter-device-preferred-primary";

/// Kinds of input devices, as libinput knows them by udev's properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputKind {
    /// Keys.
    Keyboard,
    /// A pointer with positions on the screen, buttons and wheels.
    Pointer,
    /// A pointer that only says how far it moved.
    Mouse,
    /// Fingers on the screen.
    Touch,
}

impl InputKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Keyboard, Self::Pointer, Self::Mouse, Self::Touch];

    fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Keyboard => &["ID_INPUT", "ID_INPUT_KEY", "ID_INPUT_KEYBOARD"],
            Self::Pointer | Self::Mouse => &["ID_INPUT", "ID_INPUT_MOUSE"],
            Self::Touch => &["ID_INPUT", "ID_INPUT_TOUCHSCREEN"],
        }
    }
}

/// What the database says about one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    key: DeviceKey,
    properties: BTreeMap<String, String>,
    tags: BTreeSet<String>,
    initialized_usec: u64,
}

impl Entry {
    /// One without properties. `initialized_usec` is when udevd is to have seen the device first, by the machine's
    /// monotonic clock.
    #[must_use]
    pub fn new(key: DeviceKey, initialized_usec: u64) -> Self {
        Self { key, properties: BTreeMap::new(), tags: BTreeSet::new(), initialized_usec }
    }

    /// A graphics card that a compositor takes as the first of its seat.
    #[must_use]
    pub fn card(number: DeviceNumber, initialized_usec: u64) -> Self {
        let entry = Self::new(DeviceKey::Node(number), initialized_usec);
        let entry = entry.with("DEVTYPE", "drm_minor").with("ID_SEAT", "seat0").with("ID_FOR_SEAT", "drm-lunette");
        entry.tagged(SEAT_TAG).tagged(PREFERRED_TAG)
    }

    /// A node from which events are read.
    #[must_use]
    pub fn input_node(kind: InputKind, number: DeviceNumber, initialized_usec: u64) -> Self {
        Self::new(DeviceKey::Node(number), initialized_usec).of_kind(kind)
    }

    /// The input device that such a node belongs to; `name` is such as `input5`.
    #[must_use]
    pub fn input(kind: InputKind, name: &str, initialized_usec: u64) -> Self {
        let key = DeviceKey::Plain { subsystem: "input".to_owned(), name: name.to_owned() };
        Self::new(key, initialized_usec).of_kind(kind)
    }

    fn of_kind(self, kind: InputKind) -> Self {
        kind.properties().iter().fold(self, |entry, key| entry.with(key, "1"))
    }

    /// Adds or replaces a property. Line ends are left out: they would begin another line of the file.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.properties.insert(one_line(key), one_line(value));
        self
    }

    /// Adds a tag, which is a file name too: what cannot be in one is left out.
    #[must_use]
    pub fn tagged(mut self, tag: &str) -> Self {
        self.tags.insert(one_line(tag).replace(['/', ':'], ""));
        self
    }

    /// What it is called.
    #[must_use]
    pub fn key(&self) -> &DeviceKey {
        &self.key
    }

    /// Its properties.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Its tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().map(String::as_str)
    }

    /// When the device was first seen.
    #[must_use]
    pub fn initialized_usec(&self) -> u64 {
        self.initialized_usec
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("I:{}\n", self.initialized_usec.max(1));
        for (key, value) in self.properties() {
            let _ = writeln!(text, "E:{key}={value}");
        }
        // Every tag that a device ever had, then those that it has now: newer readers take the latter.
        for (mark, tag) in ["G", "Q"].iter().flat_map(|mark| self.tags().map(move |tag| (mark, tag))) {
            let _ = writeln!(text, "{mark}:{tag}");
        }
        text + "V:1\n"
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\0'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: DeviceNumber = DeviceNumber { major: 226, minor: 0 };

    #[test]
    fn a_card_is_written_as_mutter_needs_it() {
        let expected = "I:5\nE:DEVTYPE=drm_minor\nE:ID_FOR_SEAT=drm-lunette\nE:ID_SEAT=seat0\n\
            G:mutter-device-preferred-primary\nG:seat\nQ:mutter-device-preferred-primary\nQ:seat\nV:1\n";
        assert_eq!(Entry::card(CARD, 5).text(), expected);
    }

    #[test]
    fn input_devices_say_what_they_are_and_name_no_seat() {
        let node = DeviceNumber { major: 13, minor: 70 };
        let keyboard = Entry::input_node(InputKind::Keyboard, node, 0);
        assert_eq!(keyboard.key().to_string(), "c13:70");
        assert_eq!(keyboard.text(), "I:1\nE:ID_INPUT=1\nE:ID_INPUT_KEY=1\nE:ID_INPUT_KEYBOARD=1\nV:1\n");
        let touch = Entry::input(InputKind::Touch, "input9", 8);
        assert_eq!(touch.key().to_string(), "+input:input9");
        assert_eq!(touch.text(), "I:8\nE:ID_INPUT=1\nE:ID_INPUT_TOUCHSCREEN=1\nV:1\n");
        for kind in [InputKind::Pointer, InputKind::Mouse] {
            assert_eq!(Entry::input(kind, "input9", 8).text(), "I:8\nE:ID_INPUT=1\nE:ID_INPUT_MOUSE=1\nV:1\n");
        }
    }

    #[test]
    fn a_value_cannot_begin_another_line_nor_a_tag_leave_its_folder() {
        let entry = Entry::new(DeviceKey::Node(CARD), 1).with("NAME", "a\nG:power").tagged("../x\0:y");
        assert_eq!(entry.text(), "I:1\nE:NAME=aG:power\nG:..xy\nQ:..xy\nV:1\n");
    }
}
