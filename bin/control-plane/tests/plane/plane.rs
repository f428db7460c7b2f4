//! A control plane in this process, and HTTP with it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use control_plane::{Config, HostConfig, serve};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::hydra::{self, Hydra};

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A control plane, before, between and after its lives.
pub(crate) struct Plane {
    _folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) admin: String,
    config: Config,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Demands this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Plane {
    pub(crate) async fn start(hydra: &Hydra) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("hydra.token");
        std::fs::write(&token, hydra::TOKEN).unwrap();
        let host = HostConfig {
            name: "local".parse().unwrap(),
            hydra: hydra.address.to_string().parse().unwrap(),
            hydra_token: Some(token),
            export: None,
            export_secret: None,
        };
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            state: folder.path().join("state"),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            tls: None,
            hosts: vec![host],
        };
        let address = config.listen;
        let mut plane = Self { _folder: folder, address, admin: String::new(), config, stop: None, serving: None };
        plane.begin().await;
        plane
    }

    async fn begin(&mut self) {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, told) = oneshot::channel();
        let tell = move |address, _| {
            // The test waits for it.
            let _ = ready.send(address);
        };
        let serving = serve(self.config.clone(), tell, async move { drop(stopped.await) });
        (self.stop, self.serving) = (Some(stop), Some(tokio::spawn(serving)));
        self.address = told.await.expect("it serves");
        // The next life is where this one was.
        self.config.listen = self.address;
        self.admin = std::fs::read_to_string(self.state("admin.token")).unwrap().trim().to_owned();
    }

    pub(crate) async fn restart(&mut self) {
        drop(self.stop.take());
        self.serving.take().unwrap().await.unwrap().unwrap();
        self.begin().await;
    }

    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.config.state.join(name)
    }

    /// Sends what it is given, and no more than HTTP needs.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.address.to_string());
        }
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let exchange = async {
            let answer = sender.send_request(request).await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Answer { status, headers, body: answer.into_body().collect().await.unwrap().to_bytes() }
        };
        timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("{method} {path} is not answered"))
    }

    /// As whoever has a token.
    pub(crate) async fn by(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[("authorization", &bearer)], &body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.by(&self.admin, "get", path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.by(&self.admin, "post", path, body).await
    }

    /// Makes a token with these scopes, for these desktops.
    pub(crate) async fn token(&self, scopes: &[&str], desktops: Option<&[&str]>) -> String {
        let wish = json!({ "name": scopes.join("-"), "scopes": scopes, "desktops": desktops });
        self.post("/api/v1/tokens", &wish).await.is(201).json()["token"].as_str().unwrap().to_owned()
    }

    /// Makes a desktop, and waits until it runs.
    pub(crate) async fn desktop(&self, id: &str) -> Value {
        let wish = json!({ "id": id, "profile": "light" });
        let made = self.post("/api/v1/desktops?wait=15", &wish).await.is(201).json();
        assert_eq!(made["state"], "running", "{made}");
        made
    }

    /// Looks until the desktop is as wanted.
    pub(crate) async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(&format!("/api/v1/desktops/{id}")).await.json();
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "it does not come about: {answer}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Plane {
    /// The status of an answer whose body does not end, as that of a WebSocket.
    pub(crate) async fn head(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{lines}\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut line = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut line)).await.unwrap().unwrap();
        String::from_utf8_lossy(&line[9..]).parse().unwrap()
    }
}
