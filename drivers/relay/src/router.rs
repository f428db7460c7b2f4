//! `GET /api/v1/revdial`: who may, and what for.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use lunette_dial::{AnswerError, ConnPath, InstanceId, Owner, Registration, RunnerId};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::control::{self, Heard};
use crate::owner::Command;
use crate::socket::Upgrade;
use crate::tunnels::Tunnel;

/// The header by which a runner tells its starts apart.
pub const INSTANCE_HEADER: &str = "x-lunette-instance";

/// The head of a request.
pub type Head = axum::http::request::Parts;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No token, or one that nobody has: 401.
    Unknown,
    /// Not this runner: 403.
    Forbidden,
    /// Too often, or nobody can tell at the moment: 503.
    NotNow,
}

/// What a gate says, later.
pub type Admission<'a> = Pin<Box<dyn Future<Output = Result<Owner, Refusal>> + Send + 'a>>;

/// Who may register and answer.
pub trait Gate: Send + Sync + 'static {
    /// Whose token a request shows. With a runner, whether that token may be it. Without one, the request opens a data
    /// channel, which then has to be of the same owner as the control channel that it answers.
    fn admit<'a>(&'a self, head: &'a Head, runner: Option<&'a RunnerId>) -> Admission<'a>;
}

#[derive(Clone)]
struct Served {
    commands: mpsc::Sender<Command>,
    gate: Arc<dyn Gate>,
}

pub(crate) fn router(commands: mpsc::Sender<Command>, gate: Arc<dyn Gate>) -> Router {
    Router::new().route(ConnPath::ENDPOINT, get(serve)).with_state(Served { commands, gate })
}

async fn serve(State(served): State<Served>, mut request: Request) -> Response {
    let upgrade = Upgrade::of(&mut request);
    let (head, _) = request.into_parts();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let answer = match ConnPath::from_query(&query) {
        Err(error) => Err((StatusCode::BAD_REQUEST, error.to_string())),
        Ok(Some(path)) => data(&served, &head, upgrade, path).await,
        Ok(None) => control(&served, &head, upgrade, &query).await,
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

type Answer = Result<Response, (StatusCode, String)>;

fn refused(refusal: Refusal) -> (StatusCode, String) {
    let (status, text) = match refusal {
        Refusal::Unknown => (StatusCode::UNAUTHORIZED, "a token is needed"),
        Refusal::Forbidden => (StatusCode::FORBIDDEN, "this token is not for this runner"),
        Refusal::NotNow => (StatusCode::SERVICE_UNAVAILABLE, "not now"),
    };
    (status, text.to_owned())
}

fn needs(upgrade: Option<Upgrade>) -> Result<Upgrade, (StatusCode, String)> {
    upgrade.ok_or_else(|| (StatusCode::UPGRADE_REQUIRED, "this is for WebSockets only".to_owned()))
}

fn ended() -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, "this server is about to end".to_owned())
}

/// A data channel answers a dial.
async fn data(served: &Served, head: &Head, upgrade: Option<Upgrade>, path: ConnPath) -> Answer {
    let owner = served.gate.admit(head, None).await.map_err(refused)?;
    let upgrade = needs(upgrade)?;
    let (reply, answered) = oneshot::channel();
    served.commands.send(Command::Answer(owner, path, reply)).await.map_err(|_| ended())?;
    let waiting = answered.await.map_err(|_| ended())?.map_err(|error| {
        let status = match error {
            AnswerError::UnknownDialer => StatusCode::NOT_FOUND,
            AnswerError::NotTheirs => StatusCode::FORBIDDEN,
            AnswerError::UnknownRequest => StatusCode::GONE,
        };
        (status, error.to_string())
    })?;
    let (response, socket) = upgrade.accept();
    tokio::spawn(async move {
        if let Ok(socket) = socket.await {
            drop(waiting.send(Ok(Tunnel::over(socket))));
        }
    });
    Ok(response)
}

/// A runner wants to be dialled.
async fn control(served: &Served, head: &Head, upgrade: Option<Upgrade>, query: &str) -> Answer {
    let wrong = |text: String| (StatusCode::BAD_REQUEST, text);
    let mut named = query.split('&').filter_map(|pair| pair.strip_prefix("runnerid="));
    let (Some(name), None) = (named.next(), named.next()) else {
        return Err(wrong("one runnerid is needed".to_owned()));
    };
    let runner: RunnerId = name.parse().map_err(|error: lunette_dial::IdError| wrong(error.to_string()))?;
    let instance = match head.headers.get(INSTANCE_HEADER) {
        None => None,
        Some(value) => {
            let instance = value.to_str().ok().and_then(|text| text.parse::<InstanceId>().ok());
            Some(instance.ok_or_else(|| wrong(format!("{INSTANCE_HEADER} is no id")))?)
        }
    };
    let owner = served.gate.admit(head, Some(&runner)).await.map_err(refused)?;
    let upgrade = needs(upgrade)?;
    let (response, socket) = upgrade.accept();
    let commands = served.commands.clone();
    let who = Registration { runner, owner, instance };
    tokio::spawn(async move {
        let Ok(mut socket) = socket.await else { return };
        let (reply, registered) = oneshot::channel();
        if commands.send(Command::Register(who.clone(), reply)).await.is_err() {
            return;
        }
        let (link, orders) = match registered.await {
            Ok(Ok(link)) => link,
            Ok(Err(error)) => {
                tracing::warn!(runner = %who.runner, %error, "a control channel is not taken");
                let frame = CloseFrame { code: error.code().into(), reason: error.to_string().into() };
                drop(socket.close(Some(frame)).await);
                return;
            }
            Err(_) => return,
        };
        let tell = |heard| {
            let commands = commands.clone();
            let command = match heard {
                Heard::Bytes(bytes) => Command::Bytes(link, bytes),
                Heard::Life => Command::Life(link),
                Heard::Lost(_) => Command::Lost(link),
            };
            async move { commands.send(command).await.is_ok() }
        };
        control::run(socket, orders, tell).await;
    });
    Ok(response)
}
