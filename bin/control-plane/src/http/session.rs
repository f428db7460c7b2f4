//! Coming in and going away, for browsers.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::Who;
use super::problem::{Problem, json_answer, nothing};
use super::request::document;
use crate::app::App;
use crate::auth::{Caller, Peer, Through};

type Answer = Result<Response, Problem>;

/// How somebody says who they are.
#[derive(Deserialize)]
#[serde(untagged)]
enum Login {
    Link { login: String },
    Password { user: String, password: String },
    Token { token: String },
}

pub(super) async fn log_in(State(app): State<Arc<App>>, Extension(peer): Extension<Peer>, body: Body) -> Answer {
    let login: Login = document(body)
        .await
        .map_err(|_| Problem::bad("a login is {\"login\": …}, {\"user\": …, \"password\": …} or {\"token\": …}"))?;
    app.gate.may_log_in(peer)?;
    let caller = match login {
        Login::Link { login } => app.keys.by_link(&login).await?,
        Login::Password { user, password } => app.keys.by_password(&user, password).await,
        Login::Token { token } => app.keys.by_token(&token),
    };
    app.gate.logged_in(peer, caller.is_some());
    let Some(caller) = caller else {
        // One text for every reason: which of them it was is nobody's business.
        return Err(Problem::unknown("this login is not known here, or not any more")
            .hint("`lunette open` makes another link; a link opens one browser, once, within ten minutes"));
    };
    let opened = app.keys.open_session(&caller).await;
    let (cookie, seconds) = opened.map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let mut answer = json_answer(StatusCode::OK, &who(&caller));
    set_cookie(&app, answer.headers_mut(), &cookie, seconds)?;
    answer.extensions_mut().insert(Who(caller.name));
    Ok(answer)
}

pub(super) async fn show(Extension(caller): Extension<Caller>) -> Response {
    json_answer(StatusCode::OK, &who(&caller))
}

pub(super) async fn log_out(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>) -> Answer {
    if let Through::Cookie(hash) = caller.through {
        app.keys.close_session(hash).await?;
    }
    let mut answer = nothing();
    set_cookie(&app, answer.headers_mut(), "", 0)?;
    Ok(answer)
}

pub(super) async fn link(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>) -> Answer {
    let made = app.keys.add_link(&caller).await;
    let (login, seconds) = made.map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let answer = json!({ "login": login, "fragment": format!("#login={login}"), "seconds": seconds });
    Ok(json_answer(StatusCode::CREATED, &answer))
}

fn who(caller: &Caller) -> serde_json::Value {
    json!({ "name": caller.name, "scopes": caller.scopes.words(), "desktops": caller.desktops })
}

fn set_cookie(app: &App, headers: &mut HeaderMap, value: &str, seconds: u64) -> Result<(), Problem> {
    let secure = if app.secure { "; Secure" } else { "" };
    let name = app.gate.cookie();
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let value = HeaderValue::from_str(&text);
    headers.insert(SET_COOKIE, value.map_err(|_| Problem::bad("no cookie can be made of that"))?);
    Ok(())
}
