//! Which of the machine's events go to a desktop, and as what.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;

use lunette_uevent::{DeviceKey, DeviceNumber, Entry, Event, Watch};

use crate::{Heard, Hotplug, Relay, UdevError};

/// The card of a desktop, as events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardDevice {
    /// Its path below `/sys`.
    pub devpath: String,
    /// Its number.
    pub number: DeviceNumber,
    /// Its node's path below `/dev`.
    pub node: String,
}

impl CardDevice {
    /// The event that makes compositors look at its outputs again.
    #[must_use]
    pub fn hotplug(&self, seqnum: u64) -> Event {
        let event = Event::new("change", &self.devpath, "drm", seqnum).with_node(self.number, &self.node);
        event.with("DEVTYPE", "drm_minor").with("HOTPLUG", "1")
    }
}

/// Turns what the kernel says into what a desktop hears.
#[derive(Debug)]
pub struct Passage {
    watch: Watch,
    card: Option<CardDevice>,
    entries: BTreeMap<DeviceKey, Entry>,
    last_seqnum: u64,
}

impl Passage {
    /// For a desktop whose database has these entries.
    ///
    /// `connector` is the kernel's id of the leased one, `inputs` are paths below `/sys`.
    #[must_use]
    pub fn new(card: Option<CardDevice>, connector: Option<u32>, inputs: Vec<String>, entries: Vec<Entry>) -> Self {
        let watch = Watch { card: card.as_ref().map(|card| card.devpath.clone()), connector, inputs };
        let entries = entries.into_iter().map(|entry| (entry.key().clone(), entry)).collect();
        Self { watch, card, entries, last_seqnum: 0 }
    }

    /// What the desktop hears; `None` when it is not its business.
    pub fn pass(&mut self, heard: Heard) -> Option<Event> {
        let event = match heard {
            Heard::Event(event) if self.watch.concerns(&event) => event,
            Heard::Event(_) => return None,
            // One of the lost may have been a hotplug. To look once more does no harm.
            Heard::Lost => self.card.as_ref()?.hotplug(self.last_seqnum + 1),
        };
        let seqnum = event.get("SEQNUM").and_then(|text| text.parse().ok()).unwrap_or_default();
        self.last_seqnum = self.last_seqnum.max(seqnum);
        let entry = self.entries.get(&event.key()).cloned();
        let entry = entry.unwrap_or_else(|| Entry::new(event.key(), 1));
        Some(event.as_udevd(&entry))
    }
}

/// Passes events on until `cancel` is done.
///
/// # Errors
/// When the kernel's events end. One that cannot be sent is logged.
pub async fn forward(
    mut hotplug: Hotplug,
    mut passage: Passage,
    relay: &Relay,
    cancel: impl Future<Output = ()>,
) -> Result<(), UdevError> {
    let mut cancel = pin!(cancel);
    loop {
        let heard = tokio::select! {
            () = &mut cancel => return Ok(()),
            heard = hotplug.next() => heard?,
        };
        if let Some(Err(error)) = passage.pass(heard).map(|event| relay.send(&event)) {
            tracing::warn!(%error, "the desktop did not hear of a change of its devices");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: DeviceNumber = DeviceNumber { major: 226, minor: 0 };

    fn card() -> CardDevice {
        CardDevice { devpath: "/devices/x/drm/card0".to_owned(), number: CARD, node: "dri/card0".to_owned() }
    }

    fn passage() -> Passage {
        Passage::new(Some(card()), Some(38), vec!["/devices/y/input5".to_owned()], vec![Entry::card(CARD, 9)])
    }

    #[test]
    fn a_hotplug_is_told_as_udevd_would() {
        let told = passage().pass(Heard::Event(card().hotplug(70).with("CONNECTOR", "38"))).unwrap();
        assert_eq!((told.get("HOTPLUG"), told.get("CONNECTOR")), (Some("1"), Some("38")));
        assert_eq!((told.get("DEVNAME"), told.get("ID_SEAT")), (Some("/dev/dri/card0"), Some("seat0")));
        assert_eq!((told.get("SEQNUM"), told.get("USEC_INITIALIZED")), (Some("70"), Some("9")));
    }

    #[test]
    fn what_concerns_others_is_not_told() {
        let mut passage = passage();
        assert_eq!(passage.pass(Heard::Event(card().hotplug(1).with("CONNECTOR", "45"))), None);
        assert_eq!(passage.pass(Heard::Event(Event::new("add", "/devices/y/input6", "input", 1))), None);
        assert!(passage.pass(Heard::Event(Event::new("remove", "/devices/y/input5", "input", 1))).is_some());
    }

    #[test]
    fn lost_events_make_the_desktop_look_again() {
        let mut passage = passage();
        passage.pass(Heard::Event(card().hotplug(70)));
        let told = passage.pass(Heard::Lost).unwrap();
        assert_eq!((told.get("HOTPLUG"), told.get("SEQNUM")), (Some("1"), Some("71")));
        assert_eq!(Passage::new(None, None, vec![], vec![]).pass(Heard::Lost), None);
    }
}
