//! The description of the API: made of the operations that are served, and of the schemas in `schemas.json`.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::reply;
use super::routes::{Body, OPERATIONS, Operation};

const SCHEMAS: &str = include_str!("schemas.json");

pub(super) async fn serve() -> Response {
    reply::json(StatusCode::OK, &document())
}

/// All of it, as OpenAPI 3.1.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path.replace("{*", "{")).or_insert_with(|| Value::Object(Map::new()));
        path[operation.method] = describe(operation);
    }
    let schemas: Value = serde_json::from_str(SCHEMAS).expect("the file is part of the program, and tested");
    json!({
        "openapi": "3.1.0",
        "info": { "title": "hydra", "version": env!("CARGO_PKG_VERSION"), "summary": "Isolated desktops of one machine" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn describe(operation: &Operation) -> Value {
    let name = |part: &str| part.trim_matches(['{', '}', '*']).to_owned();
    let in_path = operation
        .path
        .split('/')
        .filter(|part| part.starts_with('{'))
        .map(|part| json!({ "name": name(part), "in": "path", "required": true, "schema": { "type": "string" } }));
    let switches = operation.switches.iter().map(|(name, meaning)| {
        json!({ "name": name, "in": "query", "description": meaning, "schema": { "type": "string" } })
    });
    let answers = operation.answers.iter().map(|(status, body)| (*status, answer("It worked", *body)));
    let refusals = std::iter::once(400).chain(operation.refusals.iter().copied());
    let refusals = refusals.map(|status| (status, answer(refusal(status), Body::Json("Error"))));
    let responses: Map<_, _> = answers.chain(refusals).map(|(status, text)| (status.to_string(), text)).collect();
    let mut described = json!({
        "summary": operation.summary,
        "operationId": operation_id(operation),
        "parameters": in_path.chain(switches).collect::<Vec<_>>(),
        "responses": responses,
    });
    if let Some(content) = content(operation.body) {
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described
}

fn operation_id(operation: &Operation) -> String {
    let parts = operation.path.split('/').filter(|part| !part.is_empty() && !part.starts_with("v1") && *part != "api");
    let parts = parts.map(|part| part.trim_matches(['{', '}', '*']).replace(['-', '.'], "_"));
    std::iter::once(operation.method.to_owned()).chain(parts).collect::<Vec<_>>().join("_")
}

fn answer(description: &str, body: Body) -> Value {
    match content(body) {
        Some(content) => json!({ "description": description, "content": content }),
        None => json!({ "description": description }),
    }
}

fn content(body: Body) -> Option<Value> {
    let reference = |name| json!({ "$ref": format!("#/components/schemas/{name}") });
    let (kind, schema) = match body {
        Body::None => return None,
        Body::Json(name) => ("application/json", reference(name)),
        Body::List(name) => ("application/json", json!({ "type": "array", "items": reference(name) })),
        Body::Text => ("text/plain", json!({ "type": "string" })),
        Body::Events => ("text/event-stream", json!({ "type": "string" })),
        Body::Bytes => ("application/octet-stream", json!({})),
        Body::Lines => ("application/x-ndjson", json!({ "type": "string" })),
    };
    Some(json!({ kind: { "schema": schema } }))
}

fn refusal(status: u16) -> &'static str {
    match status {
        400 => "The request makes no sense",
        403 => "Not allowed inside of the desktop",
        404 => "There is none",
        408 => "The body did not arrive in time",
        409 => "Not in this state",
        413 => "Too much",
        422 => "The values make no sense, or are unknown",
        502 => "The desktop's bridge does not answer",
        503 => "The desktop or its container did not do it, or too many ask",
        507 => "No room for another desktop",
        _ => "Refused",
    }
}
