//! One event about one device.

use std::collections::BTreeMap;

use crate::{DeviceKey, DeviceNumber, Entry};

/// Longest event that is read or made; the kernel makes shorter ones.
pub(crate) const LONGEST: usize = 8192;

/// What happened to a device, as properties. Four are always there: `ACTION`, `DEVPATH`, `SUBSYSTEM` and `SEQNUM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    properties: BTreeMap<String, String>,
}

/// Why bytes are no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Longer than the kernel makes them.
    #[error("{0} bytes are more than an event has")]
    TooLong(usize),
    /// A field that is not UTF-8 `KEY=value`.
    #[error("a field that is no KEY=value")]
    Field,
    /// One that must be there is not, or is empty.
    #[error("no {0}")]
    Missing(&'static str),
    /// A number in a message's header that fits no message.
    #[error("a header that no udevd sends: {0}")]
    Header(&'static str),
}

impl Event {
    /// An event that nothing caused in the kernel, such as `change` to make programs look again.
    ///
    /// `devpath` is the path below `/sys`. `seqnum` is not 0: libudev drops such events.
    #[must_use]
    pub fn new(action: &str, devpath: &str, subsystem: &str, seqnum: u64) -> Self {
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let seqnum = seqnum.max(1).to_string();
        let known = [("ACTION", action), ("DEVPATH", devpath), ("SUBSYSTEM", subsystem), ("SEQNUM", seqnum.as_str())];
        Self { properties: known.into_iter().map(own).collect() }
    }

    /// Adds or replaces a property.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.properties.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Names the node of the device: `node` is its path below `/dev`.
    #[must_use]
    pub fn with_node(self, number: DeviceNumber, node: &str) -> Self {
        let (major, minor) = (number.major.to_string(), number.minor.to_string());
        self.with("MAJOR", &major).with("MINOR", &minor).with("DEVNAME", node)
    }

    /// Reads NUL-separated `KEY=value` fields.
    pub(crate) fn from_fields(fields: &[u8]) -> Result<Self, EventError> {
        if fields.len() > LONGEST {
            return Err(EventError::TooLong(fields.len()));
        }
        let mut properties = BTreeMap::new();
        for field in fields.split(|byte| *byte == 0).filter(|field| !field.is_empty()) {
            let text = std::str::from_utf8(field).map_err(|_| EventError::Field)?;
            let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or(EventError::Field)?;
            properties.insert(key.to_owned(), value.to_owned());
        }
        for key in ["ACTION", "DEVPATH", "SUBSYSTEM", "SEQNUM"] {
            if properties.get(key).is_none_or(String::is_empty) {
                return Err(EventError::Missing(key));
            }
        }
        Ok(Self { properties })
    }

    /// The fields again.
    pub(crate) fn fields(&self) -> Vec<u8> {
        self.properties.iter().flat_map(|(key, value)| format!("{key}={value}\0").into_bytes()).collect()
    }

    /// A property.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.properties.get(key).map(String::as_str)
    }

    /// What happened, such as `add`, `remove` or `change`.
    #[must_use]
    pub fn action(&self) -> &str {
        self.get("ACTION").unwrap_or_default()
    }

    /// The device's path below `/sys`.
    #[must_use]
    pub fn devpath(&self) -> &str {
        self.get("DEVPATH").unwrap_or_default()
    }

    /// Its subsystem.
    #[must_use]
    pub fn subsystem(&self) -> &str {
        self.get("SUBSYSTEM").unwrap_or_default()
    }

    /// The number of its node.
    #[must_use]
    pub fn number(&self) -> Option<DeviceNumber> {
        let number = |key| self.get(key).and_then(|text| text.parse().ok());
        Some(DeviceNumber { major: number("MAJOR")?, minor: number("MINOR")? })
    }

    /// What the device's entry is called.
    #[must_use]
    pub fn key(&self) -> DeviceKey {
        match self.number() {
            Some(number) => DeviceKey::Node(number),
            None => DeviceKey::Plain {
                subsystem: self.subsystem().to_owned(),
                name: self.devpath().rsplit('/').next().unwrap_or_default().to_owned(),
            },
        }
    }

    /// The event as udevd passes it on: with what its database says about the device.
    #[must_use]
    pub fn as_udevd(mut self, entry: &Entry) -> Self {
        if let Some(name) = self.properties.get_mut("DEVNAME").filter(|name| !name.starts_with('/')) {
            name.insert_str(0, "/dev/");
        }
        self.properties.extend(entry.properties().map(|(key, value)| (key.to_owned(), value.to_owned())));
        let tags = entry.tags().fold(String::new(), |tags, tag| tags + ":" + tag);
        if !tags.is_empty() {
            self = self.with("TAGS", &format!("{tags}:")).with("CURRENT_TAGS", &format!("{tags}:"));
        }
        let usec = entry.initialized_usec().max(1).to_string();
        self.with("USEC_INITIALIZED", &usec).with("UDEV_DATABASE_VERSION", "1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: DeviceNumber = DeviceNumber { major: 226, minor: 0 };

    #[test]
    fn udevd_adds_its_entry_and_the_path_of_the_node() {
        let event = Event::new("change", "/devices/x/drm/card0", "drm", 7).with("HOTPLUG", "1");
        let event = event.with_node(CARD, "dri/card0").as_udevd(&Entry::card(CARD, 42));
        assert_eq!(event.get("DEVNAME"), Some("/dev/dri/card0"));
        assert_eq!(event.get("TAGS"), Some(":mutter-device-preferred-primary:seat:"));
        assert_eq!(event.get("CURRENT_TAGS"), event.get("TAGS"));
        assert_eq!(event.get("USEC_INITIALIZED"), Some("42"));
        assert_eq!((event.get("HOTPLUG"), event.get("ID_SEAT")), (Some("1"), Some("seat0")));
        assert_eq!(event.key().to_string(), "c226:0");
    }

    #[test]
    fn no_event_has_the_number_that_libudev_drops() {
        assert_eq!(Event::new("add", "/devices/x", "input", 0).get("SEQNUM"), Some("1"));
    }

    #[test]
    fn an_event_without_a_node_is_keyed_by_its_name() {
        let event = Event::new("add", "/devices/virtual/input/input5", "input", 1);
        assert_eq!(event.key().to_string(), "+input:input5");
    }
}
