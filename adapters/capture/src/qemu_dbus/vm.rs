//! `org.qemu.Display1.VM`: which consoles the machine has.

use std::collections::BTreeMap;
use std::sync::Arc;

use lunette_frame::ScanoutId;
use zbus::{OwnedVariant, Variant};

use super::console::{Console, ConsoleInfo, ConsoleNumber};
use super::error::QemuError;
use super::link::Display;

const INTERFACE: &str = "org.qemu.Display1.VM";
const PATH: &str = "/org/qemu/Display1/VM";

/// More consoles than any machine has.
const MAX_CONSOLES: usize = 256;

/// The consoles that are scanouts.
pub(super) async fn scanouts(display: &Arc<Display>) -> Result<BTreeMap<ScanoutId, ConsoleInfo>, QemuError> {
    let mut consoles = Vec::new();
    for number in console_numbers(display).await? {
        consoles.push(Console::new(Arc::clone(display), number).info().await?);
    }
    let scanouts = numbered(consoles)?;
    if scanouts.is_empty() { Err(QemuError::NoConsole) } else { Ok(scanouts) }
}

async fn console_numbers(display: &Display) -> Result<Vec<ConsoleNumber>, QemuError> {
    let asked = (INTERFACE, "ConsoleIDs");
    let answer = display.call(PATH, super::properties::INTERFACE, "Get", &asked).await?;
    let wrong = || QemuError::Answer { method: "Get", wanted: "the numbers of consoles" };
    let value: OwnedVariant = answer.body().deserialize().map_err(|_| wrong())?;
    let Variant::Array(numbers) = &*value else { return Err(wrong()) };
    let number = |value: &Variant<'_>| match value {
        Variant::U32(number) => Ok(ConsoleNumber(*number)),
        _ => Err(wrong()),
    };
    numbers.iter().take(MAX_CONSOLES).map(number).collect()
}

/// Scanouts are the heads of the device that has most of them. Where every device has one, each is a scanout, in the order
/// in which they are plugged in, which is also how the guest counts its cards. Text consoles are none.
fn numbered(consoles: Vec<ConsoleInfo>) -> Result<BTreeMap<ScanoutId, ConsoleInfo>, QemuError> {
    let mut devices: BTreeMap<String, BTreeMap<ScanoutId, ConsoleInfo>> = BTreeMap::new();
    for console in consoles.into_iter().filter(|console| console.is_graphic) {
        if let Ok(id) = ScanoutId::try_from(console.head) {
            devices.entry(console.device.clone()).or_default().entry(id).or_insert(console);
        }
    }
    if devices.len() > 1 && devices.values().all(|heads| heads.len() == 1) {
        if let Some(device) = devices.keys().find(|device| !is_on_first_bus(device)) {
            return Err(QemuError::Elsewhere { device: device.clone() });
        }
        let consoles = devices.into_values().flat_map(BTreeMap::into_values);
        return Ok((0..).map(ScanoutId::new).zip(consoles).collect());
    }
    let largest = devices.into_values().reduce(|best, next| if next.len() > best.len() { next } else { best });
    Ok(largest.unwrap_or_default())
}

/// `pci/0000/10.3`: behind a bridge there would be more places.
fn is_on_first_bus(device: &str) -> bool {
    device.strip_prefix("pci/0000/").is_some_and(|place| !place.contains('/'))
}

#[cfg(test)]
mod tests {
    use lunette_frame::Size;

    use super::*;

    fn console(number: u32, head: u32, device: &str, is_graphic: bool) -> ConsoleInfo {
        let number = ConsoleNumber(number);
        ConsoleInfo { number, head, device: device.to_owned(), is_graphic, size: Size::new(1, 1) }
    }

    /// Scanouts, with the numbers of their consoles.
    fn numbers(consoles: Vec<ConsoleInfo>) -> Vec<(u16, u32)> {
        let scanouts = numbered(consoles).unwrap();
        scanouts.into_iter().map(|(id, console)| (id.get(), console.number.0)).collect()
    }

    #[test]
    fn scanouts_are_the_heads_of_the_largest_device() {
        let numbers = numbers(vec![
            console(0, 0, "pci/0000/01.0", true),
            console(1, 0, "pci/0000/02.0", true),
            console(2, 1, "pci/0000/02.0", true),
            console(3, 70_000, "pci/0000/02.0", true),
            console(4, 2, "", false),
        ]);
        assert_eq!(numbers, [(0, 1), (1, 2)]);
    }

    #[test]
    fn devices_with_one_head_each_are_scanouts_in_the_order_of_their_places() {
        let numbers = numbers(vec![
            console(0, 0, "pci/0000/0a.0", true),
            console(1, 0, "pci/0000/02.0", true),
            console(2, 0, "", false),
            console(3, 0, "pci/0000/10.0", true),
        ]);
        assert_eq!(numbers, [(0, 1), (1, 0), (2, 3)]);
    }

    #[test]
    fn an_order_that_the_guest_may_see_otherwise_is_refused() {
        for device in ["", "pci/0000/1c.0/00.0", "pci/0001/02.0"] {
            let refused = numbered(vec![console(0, 0, "pci/0000/02.0", true), console(1, 0, device, true)]);
            assert!(matches!(refused, Err(QemuError::Elsewhere { .. })), "{device}");
        }
        assert_eq!(numbered(vec![console(0, 0, "", true)]).unwrap().len(), 1, "a single one is no matter of order");
    }

    #[test]
    fn a_machine_without_graphics_has_none() {
        assert!(numbered(vec![console(0, 0, "", false)]).unwrap().is_empty());
    }
}
