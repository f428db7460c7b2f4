//! Cards in sysfs: nodes of one device belong together, whatever their numbers are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lunette_gpu::{Card, Node};

use crate::{GpuReadError, list};

/// All cards that DRM knows.
pub(crate) fn read(sys: &Path) -> Result<Vec<Card>, GpuReadError> {
    let class = sys.join("class/drm");
    let mut cards: BTreeMap<PathBuf, Card> = BTreeMap::new();
    for name in list(&class)? {
        let folder = class.join(&name);
        if is_node(&name) {
            // A card that is pulled out meanwhile is none.
            let Ok(device) = fs::canonicalize(folder.join("device")) else { continue };
            let card = cards.entry(device.clone()).or_insert_with(|| card_at(&device));
            add_node(card, &name, &folder);
        }
    }
    Ok(cards.into_values().filter(|card| card.nodes().next().is_some()).collect())
}

fn is_node(name: &str) -> bool {
    let number = name.strip_prefix("card").or_else(|| name.strip_prefix("renderD"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn card_at(device: &Path) -> Card {
    let driver = fs::canonicalize(device.join("driver")).ok();
    let driver = driver.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    // A virtual card is a device on a device that is plugged in.
    let address = device.ancestors().filter_map(Path::file_name).find_map(|name| name.to_str()?.parse().ok());
    Card { driver: driver.unwrap_or_default(), address, ..Card::default() }
}

fn add_node(card: &mut Card, name: &str, folder: &Path) {
    let number = fs::read_to_string(folder.join("dev")).ok().and_then(|text| text.parse().ok());
    let Some(number) = number else { return };
    let node = Node { name: format!("dri/{name}"), number };
    if name.starts_with("card") {
        let prefix = format!("{name}-");
        let inside = list(folder).unwrap_or_default().into_iter();
        card.connectors = inside.filter_map(|entry| entry.strip_prefix(&prefix).map(str::to_owned)).collect();
        card.primary = Some(node);
    } else {
        card.render = Some(node);
    }
}
