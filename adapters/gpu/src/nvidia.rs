//! What NVIDIA's driver says of its cards: lines such as `Device Minor: 0`, in a folder by PCI address.

use std::fs;
use std::path::Path;

use lunette_gpu::{Card, Nvidia};

/// Adds the node's number and the UUID to cards that the driver knows.
pub(crate) fn complete(proc: &Path, cards: &mut [Card]) {
    for card in cards.iter_mut().filter(|card| card.driver == "nvidia") {
        let Some(address) = card.address else { continue };
        let path = proc.join("driver/nvidia/gpus").join(address.to_string()).join("information");
        card.nvidia = fs::read_to_string(path).ok().as_deref().and_then(parse);
    }
}

fn parse(text: &str) -> Option<Nvidia> {
    let value = |key: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let minor = value("Device Minor")?.parse().ok()?;
    // Before a card was first used, the driver shows question marks.
    let uuid = value("GPU UUID").filter(|uuid| uuid.starts_with("GPU-") && !uuid.contains('?'));
    Some(Nvidia { minor, uuid: uuid.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFORMATION: &str = "Model: \t\t NVIDIA L4\nIRQ:   \t\t 90\nGPU UUID: \t GPU-5c1e\nBus Location: \t \
        0000:41:00.0\nDevice Minor: \t 2\nGPU Excluded:\t No\n";

    #[test]
    fn the_number_and_the_name_are_read() {
        assert_eq!(parse(INFORMATION), Some(Nvidia { minor: 2, uuid: Some("GPU-5c1e".to_owned()) }));
    }

    #[test]
    fn a_name_that_is_not_known_yet_is_none() {
        let unknown = INFORMATION.replace("GPU-5c1e", "GPU-????????-????");
        assert_eq!(parse(&unknown), Some(Nvidia { minor: 2, uuid: None }));
        assert_eq!(parse("Model: NVIDIA L4\n"), None);
    }
}
