//! A scanout of frame-export for any number of viewers, over one subscription, or two while some are slower than others.
//!
//! ```text
//!   frame-export ◀─HXFR─▶ task "lane A" ─┐ units, pointer                 ┌─▶ viewer
//!                ◀─HXFR─▶ task "lane B" ─┴▶ Shared: fan-out ──────────────┼─▶ viewer
//!                            ▲  KEYFRAME_REQ, CONFIG_REQ, HOLD, GO        └─▶ viewer
//!                            └── what the followers of that lane want ◀──────┘
//! ```
//! The subscriptions belong to nobody: a viewer that leaves ends none, and the last one only after a grace. A machine that
//! is restarted, or not there yet, is tried again; meanwhile viewers wait, and can be told why.

mod hops;
mod lane;
mod pointer;
mod seat;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use lunette_frame::{Pts, ScanoutId, Size};
use lunette_net::client::Route;
use lunette_session::Entry;
use lunette_wire::Token;
use lunette_wire::stream::HopReport;
use tokio::task::JoinHandle;

use crate::{Lounge, NoVideo, StreamFacts, Video, VideoStats, Waiting, Watching};
use lane::Lane;
use seat::HubSeat;
use shared::Shared;

/// Where a scanout's pictures come from.
#[derive(Debug, Clone)]
pub struct Uplink {
    /// How frame-export is reached.
    pub route: Route,
    /// Which scanout.
    pub scanout: ScanoutId,
    /// What it wants to see.
    pub token: Option<Token>,
}

/// Asks the desktop for another size; blocking.
pub type Resizer = Arc<dyn Fn(Size) -> Result<(), String> + Send + Sync>;

/// One scanout's pictures, shared.
pub struct Hub {
    scanout: ScanoutId,
    shared: Arc<Shared>,
    resizer: Option<Resizer>,
    lanes: Vec<JoinHandle<()>>,
}

impl Hub {
    /// A hub that subscribes when somebody joins, and `grace` after the last left does not any more. The desktop's pointer is
    /// told to `lounge`.
    #[must_use]
    pub fn new(uplink: &Uplink, grace: Duration, resizer: Option<Resizer>) -> Self {
        let shared = Arc::new(Shared::new(grace));
        let lanes = lunette_session::Slot::ALL
            .into_iter()
            .map(|slot| tokio::spawn(Lane::new(slot, uplink.clone(), Arc::clone(&shared)).run()))
            .collect();
        Self { scanout: uplink.scanout, shared, resizer, lanes }
    }

    /// Tells the pointer to this lounge from now on.
    pub fn show_pointer_in(&self, lounge: Arc<Lounge>) {
        self.shared.set_lounge(lounge);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.lanes.iter().for_each(JoinHandle::abort);
    }
}

impl Video for Hub {
    fn join(&self) -> Result<Box<dyn Watching>, NoVideo> {
        Ok(Box::new(HubSeat::new(Arc::clone(&self.shared), Entry::Live)))
    }

    fn look(&self) -> Result<Box<dyn Watching>, NoVideo> {
        Ok(Box::new(HubSeat::new(Arc::clone(&self.shared), Entry::Onlooker)))
    }

    fn facts(&self) -> StreamFacts {
        StreamFacts { size: self.shared.size(), fps: None, resizable: self.resizer.is_some() }
    }

    fn hops(&self) -> Vec<HopReport> {
        self.shared.hops()
    }

    fn stats(&self) -> VideoStats {
        self.shared.stats(self.scanout)
    }

    fn clock(&self) -> Option<Pts> {
        self.shared.clock()
    }

    fn resize(&self, size: Size) -> Waiting<'_, Result<(), NoVideo>> {
        let resizer = self.resizer.clone();
        Box::pin(async move {
            let none = |reason: String| NoVideo { reason, detail: String::new() };
            let Some(resizer) = resizer else { return Err(none("this desktop keeps its size".to_owned())) };
            let asked = tokio::task::spawn_blocking(move || resizer(size)).await;
            asked.map_err(|error| none(error.to_string()))?.map_err(none)
        })
    }
}
