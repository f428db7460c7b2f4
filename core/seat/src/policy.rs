//! Which devices a desktop may open.

use std::collections::BTreeSet;

use crate::{CardName, DeviceNumber, Errno, EventName, RenderName};

/// One desktop's devices. What is not named here is not given out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The leased card's node, for whoever asks by path.
    pub card: Option<CardName>,
    /// The leased card's number, for whoever asks by number.
    pub card_number: Option<DeviceNumber>,
    /// The render node of the desktop's own GPU.
    pub render: Option<RenderName>,
    /// The desktop's input devices.
    pub inputs: BTreeSet<EventName>,
}

/// What is to be opened for a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A copy of its lease's descriptor, whatever node was named: the node itself shows the whole card.
    Lease,
    /// A render node.
    Render(RenderName),
    /// An input device.
    Input(EventName),
}

/// Why it may not have a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No path that any device could have.
    #[error("not a device's path")]
    NotAPath,
    /// There may be one, but it is not this desktop's.
    #[error("not a device of this desktop")]
    NotOurs,
    /// There is no device with this number.
    #[error("no such device")]
    NoSuchDevice,
}

impl Refusal {
    /// As an error number.
    #[must_use]
    pub fn errno(self) -> Errno {
        match self {
            Self::NotAPath => Errno::EINVAL,
            Self::NotOurs => Errno::EACCES,
            Self::NoSuchDevice => Errno::ENODEV,
        }
    }
}

impl Policy {
    /// Decides about a path, as seatd's protocol asks.
    ///
    /// The path is compared, never resolved: a device has exactly one that is accepted, so links, `..` and doubled
    /// slashes lead nowhere.
    ///
    /// # Errors
    /// When the desktop may not have it.
    pub fn by_path(&self, path: &[u8]) -> Result<Device, Refusal> {
        let path = std::str::from_utf8(path).map_err(|_| Refusal::NotAPath)?;
        if !path.starts_with('/') || path.contains('\0') {
            return Err(Refusal::NotAPath);
        }
        self.named(path).ok_or(Refusal::NotOurs)
    }

    fn named(&self, path: &str) -> Option<Device> {
        if let Some(event) = path.strip_prefix("/dev/input/") {
            return self.input(event.parse().ok()?);
        }
        let node = path.strip_prefix("/dev/dri/")?;
        if let Ok(card) = node.parse::<CardName>() {
            return (self.card == Some(card)).then_some(Device::Lease);
        }
        let render = node.parse::<RenderName>().ok()?;
        (self.render == Some(render)).then_some(Device::Render(render))
    }

    /// Decides about a number, as logind is asked. `event` is the name that the system has for it, if it is an input
    /// device.
    ///
    /// # Errors
    /// When the desktop may not have it.
    pub fn by_number(&self, number: DeviceNumber, event: Option<EventName>) -> Result<Device, Refusal> {
        if self.card_number == Some(number) {
            return Ok(Device::Lease);
        }
        match number.major {
            DeviceNumber::DRM => self.render_number(number.minor).ok_or(Refusal::NotOurs),
            DeviceNumber::INPUT => {
                let event = event.ok_or(Refusal::NoSuchDevice)?;
                self.input(event).ok_or(Refusal::NotOurs)
            }
            _ => Err(Refusal::NotOurs),
        }
    }

    /// A render node is named after its minor number.
    fn render_number(&self, minor: u32) -> Option<Device> {
        let render = self.render.filter(|render| u32::from(render.number()) == minor)?;
        Some(Device::Render(render))
    }

    fn input(&self, event: EventName) -> Option<Device> {
        self.inputs.contains(&event).then_some(Device::Input(event))
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, Policy, Refusal};
    use crate::{CardName, DeviceNumber, EventName, RenderName};

    fn policy() -> Policy {
        Policy {
            card: Some(CardName::new(1)),
            card_number: Some(DeviceNumber { major: 226, minor: 1 }),
            render: None,
            inputs: [3, 14].map(EventName::new).into(),
        }
    }

    #[test]
    fn own_devices_are_given_out() {
        assert_eq!(policy().by_path(b"/dev/dri/card1"), Ok(Device::Lease));
        assert_eq!(policy().by_path(b"/dev/input/event14"), Ok(Device::Input(EventName::new(14))));
        let number = |major, minor| DeviceNumber { major, minor };
        assert_eq!(policy().by_number(number(226, 1), None), Ok(Device::Lease));
        let event = EventName::new(3);
        assert_eq!(policy().by_number(number(13, 67), Some(event)), Ok(Device::Input(event)));
    }

    #[test]
    fn other_devices_are_refused_by_path() {
        for path in [
            "/dev/dri/card0",
            "/dev/dri/card11",
            "/dev/dri/renderD129",
            "/dev/input/event4",
            "/dev/input/event1",
            "/dev/input/mice",
            "/dev/mem",
            "/",
        ] {
            assert_eq!(policy().by_path(path.as_bytes()), Err(Refusal::NotOurs), "{path}");
        }
    }

    #[test]
    fn another_way_to_write_an_own_path_is_refused() {
        for path in [
            "/dev/dri/./card1",
            "/dev//dri/card1",
            "/dev/dri/card1/",
            "/dev/dri/card01",
            "/dev/input/../dri/card1",
            "/dev/dri/by-path/pci-0000:00:02.0-card",
            "/dev/input/by-id/keyboard-event-kbd",
            "/dev/input/event3 ",
        ] {
            assert_eq!(policy().by_path(path.as_bytes()), Err(Refusal::NotOurs), "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_as_such() {
        for path in [&b""[..], b"card1", b"/dev/dri/card1\0", b"/dev/dri/card1\0/..", b"/dev/\xff"] {
            assert_eq!(policy().by_path(path), Err(Refusal::NotAPath), "{path:?}");
        }
    }

    #[test]
    fn other_devices_are_refused_by_number() {
        let ask = |major, minor, event: Option<u16>| {
            policy().by_number(DeviceNumber { major, minor }, event.map(EventName::new))
        };
        assert_eq!(ask(226, 0, None), Err(Refusal::NotOurs));
        assert_eq!(ask(226, 129, None), Err(Refusal::NotOurs));
        assert_eq!(ask(13, 68, Some(4)), Err(Refusal::NotOurs));
        assert_eq!(ask(13, 63, None), Err(Refusal::NoSuchDevice));
        assert_eq!(ask(1, 1, None), Err(Refusal::NotOurs));
    }

    #[test]
    fn a_render_node_is_given_out_only_when_it_is_named() {
        let with = Policy { render: Some(RenderName::new(128)), ..policy() };
        let device = Device::Render(RenderName::new(128));
        assert_eq!(with.by_path(b"/dev/dri/renderD128"), Ok(device));
        assert_eq!(with.by_number(DeviceNumber { major: 226, minor: 128 }, None), Ok(device));
        assert_eq!(policy().by_path(b"/dev/dri/renderD128"), Err(Refusal::NotOurs));
    }

    #[test]
    fn without_a_card_nothing_of_drm_is_given_out() {
        let none = Policy::default();
        assert_eq!(none.by_path(b"/dev/dri/card0"), Err(Refusal::NotOurs));
        assert_eq!(none.by_number(DeviceNumber { major: 226, minor: 0 }, None), Err(Refusal::NotOurs));
    }
}
