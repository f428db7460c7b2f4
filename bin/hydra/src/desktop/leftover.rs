//! What an earlier hydra left without an order that can be read.

use std::collections::BTreeMap;
use std::path::Path;

use lunette_desktop::{
    BackendKind, Compositor, CompositorKind, DesktopId, Limits, Order, Places, Profile, Resize, RootSource, Slot,
    Terms, Wish,
};
use serde::Deserialize;

use super::folder::read;

/// The slot that it has: by what can be read of its order, or by the note of its container.
pub(crate) fn slot(hydra: &Path, id: &DesktopId) -> Option<Slot> {
    #[derive(Deserialize)]
    struct Part {
        slot: Slot,
    }
    let ordered = read::<Part>(&Places::new(hydra, id).order()).map(|part| part.slot).ok();
    ordered.or_else(|| lunette_containers::Desktop::find(hydra, id).map(|container| container.slot()).ok())
}

/// In place of its order: enough to sweep it, and to tell of it. It keeps as little memory from others as may be.
pub(crate) fn stand_in(id: &DesktopId, slot: Option<Slot>) -> Order {
    // One that is hardly ever another's.
    let slot = slot.or(Slot::new(Slot::COUNT - 1)).expect("there is a last slot");
    let nothing: DesktopId = "unknown".parse().expect("letters are an id");
    let profile = Profile {
        name: nothing.clone(),
        summary: String::new(),
        compositor: Compositor { kind: CompositorKind::Headless, command: Vec::new() },
        resize: Resize::default(),
        limits: Limits { memory_mib: 64, ..Limits::default() },
        environment: BTreeMap::new(),
        start_limit_s: 0,
    };
    let root = RootSource::Folder("/".into());
    let terms = Terms { id: id.clone(), slot, profile, root, backend: BackendKind::Runc, ordered_at_ms: 0 };
    Wish::plain(nothing).order(terms).expect("every default makes sense")
}
