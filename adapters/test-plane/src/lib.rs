//! A control plane that knows one token and nothing but dials, for tests of programs that dial in.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::sync::Arc;

use lunette_relay::{Admission, Gate, Head, Limits, Owner, Refusal, RunnerId, Tunnels};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// What lets in.
pub const TOKEN: &str = "b3BlcmF0ZSBvcGVyYXRlIG9wZXJhdGUgb3BlcmF0ZTE";

/// Lets in whoever has the token, as any runner.
struct Keeper;

impl Gate for Keeper {
    fn admit<'a>(&'a self, head: &'a Head, _: Option<&'a RunnerId>) -> Admission<'a> {
        let shown = head.headers.get("authorization").and_then(|value| value.to_str().ok());
        let known = shown == Some(&format!("Bearer {TOKEN}"));
        let admitted = if known { Ok(Owner("operator".to_owned())) } else { Err(Refusal::Unknown) };
        Box::pin(std::future::ready(admitted))
    }
}

/// The control plane's side.
pub struct Plane {
    /// Where it serves.
    pub address: SocketAddr,
    /// What was dialled in.
    pub tunnels: Tunnels,
    /// What it runs on.
    pub runtime: Runtime,
}

impl Plane {
    /// Serves from now on, until it is dropped.
    ///
    /// # Panics
    /// When loopback has no port.
    #[must_use]
    pub fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        // What tends the tunnels runs there.
        let entered = runtime.enter();
        let tunnels = Tunnels::new(Limits::default());
        drop(entered);
        let router = tunnels.router(Arc::new(Keeper));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("it has an address");
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, tunnels, runtime }
    }

    /// Waits until a runner is connected.
    ///
    /// # Panics
    /// When there is nothing to wait for any more.
    pub async fn until_here(&self, runner: &RunnerId) {
        let mut runners = self.tunnels.watch();
        let is_here = |list: &[(RunnerId, bool)]| list.iter().any(|(known, up)| known == runner && *up);
        runners.wait_for(|list| is_here(list)).await.expect("the tunnels are there");
    }
}
