//! What is told in lists and numbers: clients, streams, metrics, and the API's description.

use lunette_wire::stream::Input;
use serde_json::{Value, json};

use crate::support::{Bridge, Machine, TOKENS, Viewer, earlier, eventually_told, get, knowing, request};

/// A sample of `/metrics`, by its name with labels.
fn sample(metrics: &str, name: &str) -> f64 {
    let name = format!("desktop_bridge_{name} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in\n{metrics}"))
}

async fn metrics(bridge: &Bridge) -> String {
    get(bridge, "/metrics").await.body
}

#[tokio::test]
async fn clients_are_told_with_where_and_when_they_were_seen_last() {
    let bridge = Bridge::start(&["--session-id", "ses_7"]);
    let (mut viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    viewer.input(Input::MoveTo { x: 1, y: 1, width: 2, height: 2 }).await;
    bridge.wait_for_events(1).await;
    let told = get(&bridge, "/clients").await.json();
    assert_eq!(told["session_id"], "ses_7");
    let client = &told["clients"][0];
    assert_eq!((&client["id"], &client["user_name"]), (&json!(1), &json!("Zoë")));
    assert_eq!((&client["last_x"], &client["last_y"]), (&json!(320), &json!(180)));
    let seen = client["last_seen"].as_str().expect("a time");
    assert!(seen.len() == "2026-11-20T17:03:12.345Z".len() && seen.ends_with('Z') && &seen[10..11] == "T", "{seen}");
    let color = client["color"].as_str().expect("a colour");
    assert!(color.len() == 7 && color.starts_with('#'), "{color}");
    assert_eq!((&client["user_id"], &client["avatar_url"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn a_stream_that_many_watch_is_told_with_each_of_their_queues() {
    let bridge = Bridge::start(&["--pattern", "typing", "--session-id", "ses_7"]);
    let (mut first, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let (_second, _) = Viewer::watching(&bridge, &earlier("Ada")).await;
    first.frame().await;
    let told = get(&bridge, "/video/stats").await.json();
    let source = &told["sources"][0];
    assert_eq!((&told["session_id"], &source["node_id"]), (&json!("ses_7"), &json!(0)));
    assert_eq!((&source["running"], &source["pending_stop"]), (&json!(true), &json!(false)));
    assert_eq!(source["client_count"], 2);
    assert!(source["frames_received"].as_u64().is_some_and(|frames| frames >= 2), "{source}");
    assert!(source["frames_dropped"].is_u64() && source["gop_buffer_size"].is_u64());
    let clients = source["clients"].as_array().expect("clients");
    let mut ids: Vec<_> = clients.iter().filter_map(|client| client["client_id"].as_u64()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    for client in clients {
        let (used, size) = (client["buffer_used"].as_u64().expect("used"), client["buffer_size"].as_u64());
        assert_eq!(client["buffer_pct"].as_u64(), size.map(|size| used * 100 / size));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanout_that_nobody_watches_any_more_is_kept_for_the_grace() {
    let machine = Machine::showing(lunette_capture::pattern::Kind::Typing).await;
    let address = machine.address.to_string();
    let bridge = Bridge::start(&["--source", "scanout", "--scanout", "0", "--export", &address]);
    let source = async || get(&bridge, "/video/stats").await.json()["sources"][0].clone();
    assert_eq!(source().await["running"], false);
    let (viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let watched = source().await;
    assert_eq!((&watched["running"], &watched["pending_stop"]), (&json!(true), &json!(false)));
    assert!(watched["gop_buffer_size"].as_u64().is_some_and(|units| units > 0), "{watched}");
    viewer.leave().await;
    let left = eventually_told(source, |source| source["client_count"] == 0).await;
    assert_eq!((&left["running"], &left["pending_stop"]), (&json!(true), &json!(true)));
    assert!(left["frames_received"].as_u64() >= watched["frames_received"].as_u64(), "it never falls");
}

#[tokio::test]
async fn metrics_count_what_is_sent_refused_and_asked_and_name_nobody() {
    let bridge = Bridge::guarded("typing");
    let asked = async |path: &str, token| request(&bridge, "GET", path, token).await;
    assert_eq!(asked("/metrics", None).await.status, 401);
    let view = Some(TOKENS.view);
    let before = asked("/metrics", view).await.body;
    assert_eq!((sample(&before, "viewers"), sample(&before, "pictures_sent_total")), (0.0, 0.0));
    let open = |token| crate::support::Request::of(&bridge, "/ws/stream").bearer(token).open();
    let mut looking = open(TOKENS.view).await;
    looking.init(&knowing("Zoë Lange")).await;
    looking.frame().await;
    looking.input(Input::Text("x".to_owned())).await;
    looking.refused().await;
    let mut agent = open(TOKENS.agent).await;
    agent.init(&knowing("")).await;
    agent.frame().await;
    agent.input(Input::Text("y".to_owned())).await;
    bridge.wait_for_events(1).await;
    let told = asked("/metrics", view).await.body;
    assert_eq!((sample(&told, "viewers"), sample(&told, "viewers_total")), (2.0, 2.0));
    assert_eq!(sample(&told, "members"), 2.0);
    assert_eq!(sample(&told, "input_refused_total{reason=\"view_only\"}"), 1.0);
    assert_eq!(sample(&told, "input_events_total{result=\"accepted\"}"), 1.0);
    assert_eq!(sample(&told, "requests_total{class=\"1xx\"}"), 2.0);
    assert_eq!(sample(&told, "requests_total{class=\"4xx\"}"), 1.0);
    assert!(sample(&told, "pictures_sent_total") >= 2.0 && sample(&told, "pictures_received_total") >= 1.0);
    assert!(sample(&told, "sent_bytes_total") > sample(&told, "pictures_sent_total"));
    for reason in ["full", "late", "stalled", "waiting"] {
        assert!(sample(&told, &format!("pictures_dropped_total{{reason=\"{reason}\"}}")) >= 0.0);
    }
    assert!(sample(&told, "round_trip_seconds_bucket{le=\"+Inf\"}") >= 0.0);
    for name in ["Zoë", "Lange", "builder", "127.0.0.1"] {
        assert!(!told.contains(name), "{name}");
    }
    // What left is still in the sums.
    let sent = sample(&told, "pictures_sent_total");
    looking.leave().await;
    agent.leave().await;
    let gone = eventually_told(async || asked("/metrics", view).await.body, |told| sample(told, "viewers") == 0.0);
    assert!(sample(&gone.await, "pictures_sent_total") >= sent);
}

#[tokio::test]
async fn metrics_are_in_prometheus_format() {
    let bridge = Bridge::showing("still");
    let mut families = Vec::new();
    for line in metrics(&bridge).await.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').expect("a kind");
            assert!(["counter", "gauge", "histogram"].contains(&kind) && name.starts_with("desktop_bridge_"), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            families.push(name.to_owned());
        } else if !line.starts_with("# HELP ") {
            let family = families.last().expect("a family comes first");
            assert!(line.starts_with(family.as_str()), "{line}");
            assert!(line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok()), "{line}");
        }
    }
    let all = families.len();
    families.sort();
    families.dedup();
    assert_eq!((families.len(), all), (all, all), "no family is there twice");
}

#[tokio::test]
async fn every_operation_of_the_description_is_there() {
    let bridge = Bridge::showing("still");
    let document = get(&bridge, "/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths");
    for path in [
        "/workspaces",
        "/workspace/status",
        "/workspace/commit-and-push",
        "/workspace/review",
        "/workspace/files",
        "/workspace/file",
        "/workspace/checkpoints/capture",
        "/workspace/checkpoints/diff",
        "/desktop/workspaces",
        "/desktop/workspaces/{id}/show",
        "/clients",
        "/video/stats",
        "/metrics",
        "/mcp",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            let place = path.replace(['{', '}'], "");
            // Neither a picture nor a change is waited for, and input needs a body.
            let place = if place == "/wait" { "/wait?timeout_ms=x".to_owned() } else { place };
            let answer = request(&bridge, &method.to_uppercase(), &place, None).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(!answer.body.contains("there is nothing at"), "{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()));
            let named = path.matches('{').count();
            let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            assert_eq!(parameters.iter().filter(|one| one["in"] == "path").count(), named, "{path}");
        }
    }
    let review = &paths["/workspace/review"]["get"];
    let names: Vec<_> = review["parameters"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
    assert_eq!(names, ["workspace", "base", "ignore_whitespace"]);
    assert!(review["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["sources"].is_object());
}

#[tokio::test]
async fn what_is_described_is_what_is_answered() {
    let bridge = Bridge::showing("still");
    let (_viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let document = get(&bridge, "/openapi.json").await.json();
    for path in ["/clients", "/video/stats", "/workspaces", "/workspace/status"] {
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        complies(&get(&bridge, path).await.json(), schema, path);
    }
}

/// Whether a document has what a schema requires, as far as our schemas go.
fn complies(value: &Value, schema: &Value, place: &str) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(name).is_some(), "{place} has no {name}: {value}");
        complies(&value[name], &schema["properties"][name], &format!("{place}.{name}"));
    }
    for item in value.as_array().into_iter().flatten() {
        complies(item, &schema["items"], place);
    }
    let is = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{place}: {other:?}"),
    };
    let one_of = schema["type"].as_array().map(|kinds| kinds.iter().any(is));
    assert!(one_of.unwrap_or_else(|| is(&schema["type"])), "{place}: {value} is no {}", schema["type"]);
}

#[tokio::test]
async fn a_desktop_without_work_trees_says_so_and_without_mcp_has_none() {
    let bridge = Bridge::start(&["--mcp", "false"]);
    assert_eq!(get(&bridge, "/workspaces").await.json(), json!({ "workspaces": [] }));
    assert_eq!(get(&bridge, "/workspace/status").await.json(), json!({ "repos": [] }));
    let none = get(&bridge, "/workspace/files").await;
    assert_eq!(none.status, 404);
    assert!(none.json()["hint"].as_str().is_some_and(|hint| hint.contains("--workspace-dir")));
    assert!(get(&bridge, "/openapi.json").await.json()["paths"].get("/mcp").is_none());
    assert!(matches!(request(&bridge, "POST", "/mcp", None).await.status, 404 | 405));
}
