//! What a desktop's bridge answers, under the paths that existing clients of hydra know.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::App;
use super::desktops::{find, places};
use super::refusal::Refusal;
use super::reply::json;
use super::request::Named;
use crate::bridge::{Door, Origin, Tokens, pass};

/// The port that bridges have in the words of existing clients; no desktop takes connections at a port.
const PORT: &str = "9876";

type Answer = Result<Response, Refusal>;

/// A path that is the bridge's own below the desktop's.
pub(super) async fn same(State(app): State<Arc<App>>, named: Named, request: Request) -> Answer {
    ask(&app, &named, request, "").await
}

/// Anything of the bridge.
pub(super) async fn by_port(State(app): State<Arc<App>>, named: Named, request: Request) -> Answer {
    find(&app, &named)?;
    let port = named.get("port");
    if port != PORT {
        let refusal = Refusal::new(StatusCode::NOT_FOUND, format!("nothing of a desktop is reached at port {port}"));
        return Err(refusal.hint(format!("its bridge is at {PORT}")));
    }
    ask(&app, &named, request, &format!("/proxy/{PORT}")).await
}

/// What existing clients ask of desktops that may have no bridge yet.
pub(super) async fn known(State(app): State<Arc<App>>, named: Named, request: Request) -> Answer {
    find(&app, &named)?;
    let answer = ask(&app, &named, request, "").await;
    let nothing = || json(StatusCode::OK, &serde_json::Map::new());
    Ok(answer.ok().filter(|answer| answer.status().is_success()).unwrap_or_else(nothing))
}

/// Passes on what follows the desktop's own path and `below`.
async fn ask(app: &App, named: &Named, request: Request, below: &str) -> Answer {
    let desktop = find(app, named)?;
    if desktop.is_over() {
        return Err(Refusal::not_running(&named.id));
    }
    let places = places(app, named);
    // As the client wrote it: what is decoded here would be decoded twice.
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let root = root(path, below).ok_or_else(|| Refusal::bad("a path that makes no sense"))?;
    let (prefix, target) = (format!("{}/", &path[..root]), path[root..].to_owned());
    let door = Door::open(&places.bridge(), &desktop.bridge).map_err(|error| Refusal::no_bridge(&named.id, &error))?;
    let origin = Origin::Api { prefix: &prefix, tokens: Tokens::read(&places.tokens()) };
    pass(request, &target, origin, door).await.map_err(IntoResponse::into_response).or_else(Ok)
}

/// Where the bridge's own path begins: behind `/api/v1/dev-containers/ID` and `below`.
fn root(path: &str, below: &str) -> Option<usize> {
    let own = path.match_indices('/').map(|(at, _)| at).nth(4)?;
    path[own..].starts_with(below).then_some(own + below.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_gets_what_follows_as_it_was_written() {
        let rest = |path: &'static str, below| root(path, below).map(|at| &path[at..]);
        let of = "/api/v1/dev-containers/ses_1";
        assert_eq!(of.matches('/').count(), 4);
        assert_eq!(rest("/api/v1/dev-containers/ses_1/file?name=a%2Fb", ""), Some("/file?name=a%2Fb"));
        assert_eq!(rest("/api/v1/dev-containers/ses_1/proxy/9876/a%20b/", "/proxy/9876"), Some("/a%20b/"));
        assert_eq!(rest("/api/v1/dev-containers/ses_1", ""), None);
        assert_eq!(rest("/api/v1/dev-containers/ses_1/proxy/987", "/proxy/9876"), None);
    }
}
