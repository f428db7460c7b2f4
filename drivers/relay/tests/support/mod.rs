//! A control plane's end, a runner, and what it serves, over loopback.

#![allow(dead_code, reason = "each program uses a part")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lunette_relay::{Admission, Gate, Head, Limits, Owner, Refusal, RunnerClient, RunnerId, Target, Trust, Tunnels};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The token `NAME:RUNNER` is NAME's and good for RUNNER; `NAME:*` for all.
pub(crate) struct Tokens;

impl Gate for Tokens {
    fn admit<'a>(&'a self, head: &'a Head, runner: Option<&'a RunnerId>) -> Admission<'a> {
        Box::pin(async move {
            let header = head.headers.get("authorization").and_then(|value| value.to_str().ok());
            let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Refusal::Unknown)?;
            let (name, good_for) = token.split_once(':').ok_or(Refusal::Unknown)?;
            let allowed = runner.is_none_or(|runner| good_for == "*" || good_for == runner.as_str());
            if allowed { Ok(Owner(name.to_owned())) } else { Err(Refusal::Forbidden) }
        })
    }
}

/// Aborted when dropped.
pub(crate) struct Task(JoinHandle<()>);

impl Task {
    pub(crate) fn of(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) struct Server {
    pub(crate) tunnels: Tunnels,
    pub(crate) address: SocketAddr,
    _task: Task,
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

impl Server {
    pub(crate) async fn start(wrap: impl FnOnce(Router, Tunnels) -> Router) -> Self {
        let tunnels = Tunnels::new(Limits::default());
        let app = wrap(tunnels.router(Arc::new(Tokens)), tunnels.clone());
        let (listener, address) = listener().await;
        let task = Task::of(async move {
            drop(axum::serve(listener, app).await);
        });
        Self { tunnels, address, _task: task }
    }

    pub(crate) async fn plain() -> Self {
        Self::start(|router, _| router).await
    }

    pub(crate) async fn is_up(&self, runner: &str) {
        let runner = name(runner);
        let mut present = self.tunnels.watch();
        let up = present.wait_for(|present| present.iter().any(|(known, up)| *known == runner && *up));
        tokio::time::timeout(LIMIT, up).await.expect("in time").expect("a server");
    }
}

pub(crate) fn name(runner: &str) -> RunnerId {
    runner.parse().expect("a name")
}

pub(crate) fn client(server: &str, runner: &str, token: &str, target: &str, trust: &Trust) -> RunnerClient {
    let (server, target) = (server.parse().expect("a server"), target.parse::<Target>().expect("a target"));
    RunnerClient::new(server, name(runner), token, target, trust).expect("a client")
}

pub(crate) fn run(client: RunnerClient) -> Task {
    Task::of(client.run(std::future::pending()))
}

/// A runner of its own token, at a server that may be a proxy.
pub(crate) fn runner(server: SocketAddr, runner: &str, target: SocketAddr) -> Task {
    let token = format!("{runner}:{runner}");
    run(client(&format!("http://{server}"), runner, &token, &target.to_string(), &Trust::System))
}

/// Sends back what it gets, after a head of its own.
pub(crate) async fn echo(head: &'static [u8]) -> (SocketAddr, Task) {
    let (listener, address) = listener().await;
    let task = Task::of(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.spawn(async move {
                drop(stream.write_all(head).await);
                let (mut read, mut write) = stream.split();
                drop(tokio::io::copy(&mut read, &mut write).await);
            });
        }
    });
    (address, task)
}

/// Carries connections to `to`, until it is told to cut all that there are.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cut: watch::Sender<u32>,
    _task: Task,
}

impl Proxy {
    pub(crate) async fn to(to: SocketAddr) -> Self {
        let (listener, address) = listener().await;
        let (cut, cuts) = watch::channel(0);
        let task = Task::of(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                connections.spawn(async move {
                    let Ok(mut far) = TcpStream::connect(to).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { address, cut, _task: task }
    }

    pub(crate) fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }
}

pub(crate) async fn read_exact(stream: &mut (impl AsyncReadExt + Unpin), length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    tokio::time::timeout(LIMIT, stream.read_exact(&mut bytes)).await.expect("in time").expect("bytes");
    bytes
}
