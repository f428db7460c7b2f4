//! Hosts that dial in, since nothing leads to them: `hydra-NAME` is the host NAME.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lunette_fleet::HostName;
use lunette_relay::{Admission, Gate, Head, Owner, Refusal, RunnerId, Tunnels};

use crate::app::{App, Host};
use crate::auth::{Need, Peer, Scope};
use crate::hydra::{Connect, Connecting, Hydra, Stream};

/// For a host to answer a dial; it may be just coming back.
const DIAL: Duration = Duration::from_secs(30);

/// Connections through what a host dialled in by.
struct Dialled {
    tunnels: Tunnels,
    runner: RunnerId,
}

impl Connect for Dialled {
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async move {
            let tunnel = self.tunnels.dial(&self.runner, DIAL).await.map_err(io::Error::other)?;
            Ok(Box::new(tunnel) as Box<dyn Stream>)
        })
    }
}

/// Who may dial in: hydras by `operate`, everybody else by `agent`.
pub(crate) struct Runners(pub(crate) Arc<App>);

impl Gate for Runners {
    fn admit<'a>(&'a self, head: &'a Head, runner: Option<&'a RunnerId>) -> Admission<'a> {
        let need = match runner {
            Some(runner) if runner.to_string().starts_with(RunnerId::HOST) => Need::Scope(Scope::Operate),
            Some(_) => Need::Scope(Scope::Agent),
            // Whose data channel it is, is looked at by whoever dialled.
            None => Need::Anyone,
        };
        let peer = head.extensions.get::<Peer>().copied().unwrap_or_default();
        let app = &self.0;
        let admitted = app.gate.admit(&app.keys, peer, &head.method, &head.headers, need);
        let admitted = match admitted {
            Ok(Some(caller)) => Ok(Owner(caller.key)),
            Ok(None) => Err(Refusal::Unknown),
            Err(problem) => Err(match problem.status().as_u16() {
                401 | 400 => Refusal::Unknown,
                403 => Refusal::Forbidden,
                _ => Refusal::NotNow,
            }),
        };
        Box::pin(std::future::ready(admitted))
    }
}

/// Makes hosts of those that dial in, for ever. One that is gone stays, as lost.
pub(crate) async fn follow(app: Arc<App>) {
    let mut runners = app.tunnels.watch();
    loop {
        let here: Vec<RunnerId> =
            runners.borrow_and_update().iter().filter(|(_, up)| *up).map(|(runner, _)| runner.clone()).collect();
        for runner in here {
            let text = runner.to_string();
            let name = text.strip_prefix(RunnerId::HOST).and_then(|name| name.parse::<HostName>().ok());
            if let Some(name) = name {
                app.add_host(&name, || dialled(&app, &name, runner));
            }
        }
        if runners.changed().await.is_err() {
            return;
        }
    }
}

fn dialled(app: &App, name: &HostName, runner: RunnerId) -> Host {
    tracing::info!(%name, "a host dialled in");
    let connect = Dialled { tunnels: app.tunnels.clone(), runner };
    Host { hydra: Hydra::new(Arc::new(connect), None), export: None, export_secret: None }
}
