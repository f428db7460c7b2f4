//! Users and tokens.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use lunette_store::{Token, User};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Problem, json_answer, nothing};
use super::request::{document, id};
use crate::app::App;
use crate::auth::{Caller, NewToken, Scopes};
use crate::clock::now_ms;

type Answer = Result<Response, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWish {
    name: String,
    scopes: Vec<String>,
    desktops: Option<Vec<String>>,
    lives_s: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserWish {
    name: String,
    password: Option<String>,
    scopes: Vec<String>,
    desktops: Option<Vec<String>>,
}

pub(super) async fn tokens(State(app): State<Arc<App>>) -> Response {
    json_answer(StatusCode::OK, &app.keys.tokens().iter().map(token).collect::<Vec<_>>())
}

fn token(token: &Token) -> Value {
    json!({
        "id": token.id, "name": token.name, "scopes": words(&token.scopes), "desktops": token.desktops,
        "created_ms": token.created_ms, "expires_ms": token.expires_ms,
    })
}

pub(super) async fn add_token(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, body: Body) -> Answer {
    let wish: TokenWish = document(body).await?;
    let scopes = scopes(&caller, &wish.scopes)?;
    let (name, desktops) = (name(wish.name)?, ids(wish.desktops)?);
    let new = NewToken { name, scopes, desktops, lives: wish.lives_s.map(Duration::from_secs), once: false };
    let (made, text) = app.keys.add_token(new).await.map_err(unlucky)?;
    let mut answer = token(&made);
    answer["token"] = text.into();
    Ok(json_answer(StatusCode::CREATED, &answer))
}

pub(super) async fn remove_token(State(app): State<Arc<App>>, Path(named): Path<String>) -> Answer {
    if app.keys.remove_token(&named).await? {
        return Ok(nothing());
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("no token {named}")))
}

pub(super) async fn users(State(app): State<Arc<App>>) -> Response {
    json_answer(StatusCode::OK, &app.keys.users().iter().map(user).collect::<Vec<_>>())
}

fn user(user: &User) -> Value {
    json!({
        "name": user.name, "scopes": words(&user.scopes), "desktops": user.desktops, "created_ms": user.created_ms,
        "has_password": user.password.is_some(),
    })
}

/// Makes a user, or changes one, whose browsers have to log in again.
pub(super) async fn put_user(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, body: Body) -> Answer {
    let wish: UserWish = document(body).await?;
    let known = app.keys.users().into_iter().find(|user| user.name == wish.name);
    let scopes = scopes(&caller, &wish.scopes)?.to_string();
    let (name, desktops) = (name(wish.name)?, ids(wish.desktops)?);
    let (password, created_ms) = known.map_or((None, now_ms()), |known| (known.password, known.created_ms));
    let made = app.keys.put_user(User { name, password, scopes, desktops, created_ms }, wish.password).await;
    let made = made.map_err(|error| Problem::unfit(error.to_string()))?;
    Ok(json_answer(StatusCode::CREATED, &user(&made)))
}

pub(super) async fn remove_user(State(app): State<Arc<App>>, Path(named): Path<String>) -> Answer {
    if app.keys.remove_user(&named).await? {
        return Ok(nothing());
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("no user {named}")))
}

fn scopes(caller: &Caller, words: &[String]) -> Result<Scopes, Problem> {
    let scopes = Scopes::parse(&words.join(" ")).map_err(Problem::unfit)?;
    if caller.scopes.covers(scopes) {
        return Ok(scopes);
    }
    Err(Problem::new(StatusCode::FORBIDDEN, format!("{} has no {scopes} to hand out", caller.name)))
}

fn name(name: String) -> Result<String, Problem> {
    let plain = (1..=64).contains(&name.len()) && !name.chars().any(|letter| letter.is_control() || letter == ' ');
    plain.then_some(name).ok_or_else(|| Problem::unfit("a name has 1 to 64 bytes, and no spaces"))
}

fn ids(desktops: Option<Vec<String>>) -> Result<Option<Vec<String>>, Problem> {
    let checked = |named: String| id(&named).map(|id| id.to_string());
    desktops.map(|desktops| desktops.into_iter().map(checked).collect()).transpose()
}

fn words(scopes: &str) -> Vec<&str> {
    scopes.split(' ').collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unlucky(error: anyhow::Error) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}"))
}
