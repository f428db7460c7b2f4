//! Browsers: links, cookies, pages of others.

use serde_json::{Value, json};

use crate::hydra::Hydra;
use crate::plane::{Answer, Plane};

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn logged_in(plane: &Plane) -> String {
    let link = plane.post("/api/v1/login-links", &Value::Null).await.is(201).json();
    let login = json!({ "login": link["login"] }).to_string();
    cookie(&plane.send("post", "/api/v1/session", &[], &login).await.is(200))
}

#[tokio::test]
async fn a_link_lets_one_browser_in_once() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let link = plane.post("/api/v1/login-links", &Value::Null).await.is(201).json();
    let text = link["login"].as_str().unwrap();
    plane.by(text, "get", "/api/v1/desktops", &Value::Null).await.is(401);
    let login = json!({ "login": text }).to_string();
    let answer = plane.send("post", "/api/v1/session", &[], &login).await.is(200);
    let set = answer.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/"), "{set}");
    plane.send("post", "/api/v1/session", &[], &login).await.is(401);
    let own = cookie(&answer);
    let who = plane.send("get", "/api/v1/session", &[("cookie", &own)], "").await.is(200).json();
    assert_eq!(who["name"], "admin");
    let origin = format!("http://{}", plane.address);
    plane.send("delete", "/api/v1/session", &[("cookie", &own), ("origin", &origin)], "").await.is(204);
    plane.send("get", "/api/v1/session", &[("cookie", &own)], "").await.is(401);
}

#[tokio::test]
async fn a_cookie_changes_something_only_for_a_page_of_ours() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let own = logged_in(&plane).await;
    let ours = format!("http://{}", plane.address);
    let body = json!({ "id": "one", "profile": "light" }).to_string();
    let post = |more: Vec<(&'static str, String)>| {
        let (plane, own, body) = (&plane, own.clone(), body.clone());
        async move {
            let mut headers = vec![("cookie", own.as_str())];
            headers.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
            plane.send("post", "/api/v1/desktops", &headers, &body).await.status
        }
    };
    assert_eq!(post(vec![]).await, 403, "it does not say which page it comes from");
    assert_eq!(post(vec![("origin", "http://evil.example".to_owned())]).await, 403);
    assert_eq!(post(vec![("origin", "null".to_owned())]).await, 403);
    assert_eq!(post(vec![("origin", ours.clone()), ("sec-fetch-site", "cross-site".to_owned())]).await, 403);
    assert_eq!(post(vec![("origin", ours)]).await, 201);
}

#[tokio::test]
async fn a_websocket_with_a_cookie_comes_from_a_page_of_ours() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let own = logged_in(&plane).await;
    let ours = format!("http://{}", plane.address);
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    // Below /d/ are pages, which everybody gets: a cookie of no use is there as good as none.
    for (path, refused) in
        [("/api/v1/wall", 403), ("/api/v1/external-agents/one/ws/stream", 403), ("/d/one/ws/stream", 401)]
    {
        for (origin, status) in [(None, refused), (Some("http://evil.example"), 403), (Some(ours.as_str()), 101)] {
            let mut headers = upgrade.to_vec();
            headers.push(("cookie", &own));
            headers.extend(origin.map(|origin| ("origin", origin)));
            let answer = plane.head(path, &headers).await;
            assert_eq!(answer, status, "{path} from {origin:?}");
        }
    }
}

#[tokio::test]
async fn names_that_are_not_ours_are_not_answered_to() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let bearer = format!("Bearer {}", plane.admin);
    for (host, status) in [("evil.example", 403), ("localhost:1", 200), ("127.0.0.1", 200)] {
        let headers = [("host", host), ("authorization", bearer.as_str())];
        plane.send("get", "/api/v1/desktops", &headers, "").await.is(status);
    }
}

#[tokio::test]
async fn users_have_passwords_and_guesses_have_to_wait() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let user = json!({ "name": "ann", "password": "correct horse", "scopes": ["control"] });
    let made = plane.post("/api/v1/users", &user).await.is(201).json();
    assert!(!made.to_string().contains("argon2"), "{made}");
    plane.post("/api/v1/users", &json!({ "name": "bob", "password": "short", "scopes": ["view"] })).await.is(422);
    let login = |password: &str| json!({ "user": "ann", "password": password }).to_string();
    let right = plane.send("post", "/api/v1/session", &[], &login("correct horse")).await.is(200);
    let own = cookie(&right);
    let mut statuses = Vec::new();
    for guess in 0..12 {
        statuses.push(plane.send("post", "/api/v1/session", &[], &login(&format!("wrong {guess}"))).await.status);
    }
    assert!(statuses.starts_with(&[401; 10]) && statuses.ends_with(&[429]), "{statuses:?}");
    // Whoever is in stays in.
    plane.send("get", "/api/v1/desktops", &[("cookie", &own)], "").await.is(200);
    plane.by(&plane.admin, "delete", "/api/v1/users/ann", &Value::Null).await.is(204);
    plane.send("get", "/api/v1/desktops", &[("cookie", &own)], "").await.is(401);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_strict() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    for path in ["/", "/d/one/", "/api/v1/desktops", "/nothing"] {
        let answer = plane.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    let foreign = plane.get("/d/one/file?name=x.html").await.is(200);
    assert!(foreign.header("content-security-policy").contains("sandbox"), "what comes out of a desktop is no page");
    assert_eq!(foreign.header("set-cookie"), "");
}
