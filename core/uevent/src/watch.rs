//! Which of a machine's events a desktop may hear of.

use crate::Event;

/// The devices of one desktop, by their paths below `/sys`.
///
/// All desktops of a machine share its card, so that each looks again when an output of any changes; an event that
/// names a connector is for that connector's owner alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// The card.
    pub card: Option<String>,
    /// The kernel's id of the leased connector.
    pub connector: Option<u32>,
    /// Input devices: theirs and what is below.
    pub inputs: Vec<String>,
}

impl Watch {
    /// Whether the desktop may hear of it.
    #[must_use]
    pub fn concerns(&self, event: &Event) -> bool {
        match event.subsystem() {
            "drm" => self.card.as_deref() == Some(event.devpath()) && self.concerns_outputs(event),
            "input" => self.inputs.iter().any(|input| is_at_or_below(input, event.devpath())),
            _ => false,
        }
    }

    /// Other changes of the card are leases that begin and end: those of others are nobody's business.
    fn concerns_outputs(&self, event: &Event) -> bool {
        let named = event.get("CONNECTOR").map(|id| id.parse().ok());
        event.action() == "change" && event.get("HOTPLUG") == Some("1") && named.is_none_or(|id| id == self.connector)
    }
}

fn is_at_or_below(folder: &str, path: &str) -> bool {
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "/devices/pci0000:00/0000:00:02.0/virtio0/drm/card0";

    fn watch() -> Watch {
        let inputs = vec!["/devices/virtual/input/input5".to_owned()];
        Watch { card: Some(CARD.to_owned()), connector: Some(38), inputs }
    }

    fn hotplug() -> Event {
        Event::new("change", CARD, "drm", 1).with("HOTPLUG", "1")
    }

    #[test]
    fn a_hotplug_of_the_card_concerns_everybody_on_it() {
        assert!(watch().concerns(&hotplug()));
        assert!(!watch().concerns(&Event::new("change", "/devices/y/drm/card1", "drm", 1).with("HOTPLUG", "1")));
    }

    #[test]
    fn a_named_connector_concerns_its_owner_alone() {
        assert!(watch().concerns(&hotplug().with("CONNECTOR", "38")));
        assert!(!watch().concerns(&hotplug().with("CONNECTOR", "45")));
        assert!(!watch().concerns(&hotplug().with("CONNECTOR", "x")));
        let unknown = Watch { connector: None, ..watch() };
        assert!(!unknown.concerns(&hotplug().with("CONNECTOR", "38")));
    }

    #[test]
    fn leases_of_others_concern_nobody() {
        assert!(!watch().concerns(&Event::new("change", CARD, "drm", 1).with("LEASE", "1")));
        assert!(!watch().concerns(&Event::new("add", CARD, "drm", 1).with("HOTPLUG", "1")));
    }

    #[test]
    fn only_own_input_devices_concern_a_desktop() {
        let input = |path| Event::new("add", path, "input", 1);
        assert!(watch().concerns(&input("/devices/virtual/input/input5")));
        assert!(watch().concerns(&input("/devices/virtual/input/input5/event3")));
        assert!(!watch().concerns(&input("/devices/virtual/input/input55/event3")));
        assert!(!watch().concerns(&Event::new("add", "/devices/virtual/input/input5", "leds", 1)));
        assert!(!Watch { inputs: vec![String::new()], ..Watch::default() }.concerns(&input("/devices/x")));
    }
}
