//! Hosts that dial in, since nothing leads to them: `hydra-NAME` is the host NAME, `export-NAME` has its pictures.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use lunette_fleet::HostName;
use lunette_net::client::{Carrier, Carrying, Stream};
use lunette_relay::{Admission, Gate, Head, Owner, Part, Refusal, RunnerId, Tunnels};

use crate::app::{App, Host};
use crate::auth::{Need, Peer, Scope};
use crate::hydra::Hydra;
use crate::pictures::Pictures;

/// For a hydra to answer a dial; it may be just coming back.
const HYDRA: Duration = Duration::from_secs(30);
/// For a frame-export. Who wants pictures asks again, and those that were given up must not fill the queue meanwhile.
const EXPORT: Duration = Duration::from_secs(4);

/// Connections through what a part of a host dialled in by.
#[derive(Clone)]
pub(crate) struct Dialled {
    tunnels: Tunnels,
    runner: RunnerId,
    limit: Duration,
}

impl Dialled {
    /// The hydra of a host.
    fn hydra(tunnels: &Tunnels, host: &HostName) -> Self {
        Self { tunnels: tunnels.clone(), runner: Part::Hydra.of(host), limit: HYDRA }
    }

    /// The frame-export of a host.
    pub(crate) fn export(tunnels: &Tunnels, host: &HostName) -> Self {
        Self { tunnels: tunnels.clone(), runner: Part::Export.of(host), limit: EXPORT }
    }

    /// Whether it is connected.
    pub(crate) fn is_up(&self) -> bool {
        self.tunnels.is_up(&self.runner)
    }

    /// Whether it is, or was a moment ago.
    pub(crate) fn is_known(&self) -> bool {
        self.tunnels.runners().iter().any(|(known, _)| *known == self.runner)
    }
}

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runner.fmt(f)
    }
}

impl Carrier for Dialled {
    fn connect(&self) -> Carrying<'_> {
        Box::pin(async move {
            let tunnel = self.tunnels.dial(&self.runner, self.limit).await.map_err(io::Error::other)?;
            Ok(Box::new(tunnel) as Box<dyn Stream>)
        })
    }
}

/// Who may dial in: parts of hosts by `operate`, everybody else by `agent`.
pub(crate) struct Runners(pub(crate) Arc<App>);

impl Gate for Runners {
    fn admit<'a>(&'a self, head: &'a Head, runner: Option<&'a RunnerId>) -> Admission<'a> {
        let need = match runner {
            Some(runner) if is_of_host(runner) => Need::Scope(Scope::Operate),
            Some(_) => Need::Scope(Scope::Agent),
            // Whose data channel it is, is looked at by whoever dialled.
            None => Need::Anyone,
        };
        let peer = head.extensions.get::<Peer>().copied().unwrap_or_default();
        let app = &self.0;
        let admitted = app.gate.admit(&app.keys, peer, &head.method, &head.headers, need);
        let admitted = match admitted {
            // Who is a host decides what is shown of desktops, and is told what they are to do.
            Ok(Some(caller)) if runner.is_some_and(is_of_host) && !caller.is_unbounded() => Err(Refusal::Forbidden),
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

fn is_of_host(runner: &RunnerId) -> bool {
    [RunnerId::HOST, RunnerId::EXPORT].iter().any(|prefix| runner.as_str().starts_with(prefix))
}

/// Makes hosts of those that dial in, for ever. One that is gone stays, as lost.
pub(crate) async fn follow(app: Arc<App>) {
    let mut runners = app.tunnels.watch();
    loop {
        let here: Vec<RunnerId> =
            runners.borrow_and_update().iter().filter(|(_, up)| *up).map(|(runner, _)| runner.clone()).collect();
        for runner in here {
            let name = runner.as_str().strip_prefix(RunnerId::HOST).and_then(|name| name.parse::<HostName>().ok());
            if let Some(name) = name {
                app.add_host(&name, || dialled(&app, &name));
            }
        }
        // Pictures may be reached now that were not.
        app.changed();
        if runners.changed().await.is_err() {
            return;
        }
    }
}

fn dialled(app: &App, name: &HostName) -> Host {
    tracing::info!(%name, "a host dialled in");
    let hydra = Hydra::new(Arc::new(Dialled::hydra(&app.tunnels, name)), None);
    Host { hydra, pictures: Pictures::Dialled(Dialled::export(&app.tunnels, name)) }
}
