//! What a control plane may do that this program dialled in to: watch every scanout, and ask how each is doing.
//!
//! It shows no token: whoever wrote `--dial` let it in. It plugs nothing, grants nothing, and has nothing encoded.

use std::sync::Arc;

use lunette_frame::ScanoutId;
use lunette_net::{EncodeJob, Event, Refused, Replies, StreamHandle};
use lunette_session::Flow;
use lunette_wire::Token;
use lunette_wire::hxfr::{ConfigRequest, CursorUpdate, EnableScanout, ErrorCode, Grant, Standing};
use tokio::sync::{mpsc, watch};

use crate::access::Admitted;
use crate::backend::Backend;
use crate::stream::{Subscription, Wishes};

/// The server's inside, as far as those may use it who come by a connection that was made from here.
pub(crate) struct Far(pub(crate) Arc<Backend>);

/// What one of them may ask of a stream: nothing that others would notice.
pub(crate) struct Watcher(Wishes);

impl StreamHandle for Watcher {
    fn request_idr(&self) {
        self.0.request_idr();
    }

    fn hold(&self, flow: Flow) {
        self.0.hold(flow);
    }

    fn cursor(&self) -> watch::Receiver<Option<CursorUpdate>> {
        self.0.cursor()
    }

    /// What it takes is its own; how many pictures there are a second is everybody's.
    fn configure(&self, config: &ConfigRequest) {
        self.0.configure(&ConfigRequest { frame_rate: None, ..*config });
    }
}

fn watches_only() -> Refused {
    let reason = "not allowed: who comes by --dial watches only".to_owned();
    Refused { code: ErrorCode::InvalidMessage, reason }
}

impl lunette_net::Backend for Far {
    type Units = Admitted<Subscription>;
    type Handle = Watcher;

    fn subscribe(&self, scanout: ScanoutId, _: Option<&Token>) -> Result<(Admitted<Subscription>, Watcher), Refused> {
        let (units, wishes) = self.0.watch(scanout)?;
        Ok((units, Watcher(wishes)))
    }

    fn enable(&self, _: &EnableScanout, _: Option<&Token>) -> Result<String, Refused> {
        Err(watches_only())
    }

    fn disable(&self, _: ScanoutId, _: Option<&Token>) -> Result<String, Refused> {
        Err(watches_only())
    }

    fn status(&self, scanout: ScanoutId, _: Option<&Token>) -> Result<Standing, Refused> {
        Ok(self.0.standing(scanout))
    }

    fn grant(&self, _: &Grant, _: Option<&Token>) -> Result<(), Refused> {
        Err(watches_only())
    }

    fn shows(&self, _: &Token) -> Option<watch::Receiver<u64>> {
        None
    }

    fn open_encoder(&self, _: Replies) -> Result<mpsc::Sender<EncodeJob>, Refused> {
        Err(watches_only())
    }

    fn count(&self, event: Event) {
        self.0.count(event);
    }
}
