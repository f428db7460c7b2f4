//! Where a card is plugged in.

use std::fmt;
use std::str::FromStr;

/// Domain, bus, device and function, which is also the order in which cards are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PciAddress {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

/// The form of sysfs, `0000:00:02.0`.
impl FromStr for PciAddress {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parse = || {
            let (rest, function) = text.split_once('.')?;
            let mut parts = rest.split(':');
            let (domain, bus, device) = (parts.next()?, parts.next()?, parts.next()?);
            let long_enough = domain.len() >= 4 && bus.len() == 2 && device.len() == 2 && function.len() == 1;
            let address = Self {
                domain: u32::from_str_radix(domain, 16).ok()?,
                bus: u8::from_str_radix(bus, 16).ok()?,
                device: u8::from_str_radix(device, 16).ok()?,
                function: u8::from_str_radix(function, 16).ok()?,
            };
            (long_enough && parts.next().is_none()).then_some(address)
        };
        parse().ok_or(())
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_sysfs_writes_them() {
        for text in ["0000:00:02.0", "0000:c1:00.1", "10000:e1:1f.7"] {
            assert_eq!(text.parse::<PciAddress>().unwrap().to_string(), text);
        }
        for text in ["virtio0", "0000:00:02", "00:02.0", "pci0000:00", "0000:00:02.0.1", "0000:0:02.0", ""] {
            assert!(text.parse::<PciAddress>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn addresses_are_in_the_order_of_slots() {
        let parse = |text: &str| text.parse::<PciAddress>().unwrap();
        assert!(parse("0000:09:00.0") < parse("0000:0a:00.0"));
        assert!(parse("0000:ff:00.0") < parse("0001:00:00.0"));
    }
}
