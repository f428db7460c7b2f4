//! The description of the API: made of the operations that are served, and of the schemas in `schemas.json`.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::problem::json_answer;
use super::routes::{OPERATIONS, Operation, Shape};
use crate::auth::Need;

const SCHEMAS: &str = include_str!("schemas.json");

pub(super) async fn serve() -> Response {
    json_answer(StatusCode::OK, &document())
}

/// All of it, as OpenAPI 3.1.
///
/// # Panics
/// When `schemas.json` is no JSON, which a test rules out.
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
        "info": {
            "title": "Lunette control plane", "version": env!("CARGO_PKG_VERSION"),
            "summary": "Desktops of several hosts, for people and programs",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
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
    let (status, shape) = operation.answer;
    let mut works = json!({ "description": "It worked" });
    if let Some(content) = content(shape) {
        works["content"] = content;
    }
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let refused = json!({ "description": "It was not done", "content": { "application/problem+json": problem } });
    let mut described = json!({
        "summary": operation.summary,
        "operationId": operation_id(operation),
        "parameters": in_path.chain(switches).collect::<Vec<_>>(),
        "responses": { status.to_string(): works, "default": refused },
    });
    match operation.need {
        Need::Nothing => described["security"] = json!([]),
        Need::Anyone => described["security"] = json!([{ "bearer": [] }]),
        Need::Scope(scope) => described["security"] = json!([{ "bearer": [scope.word()] }]),
    }
    if let Some(schema) = operation.body {
        let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") } });
        described["requestBody"] = json!({ "required": true, "content": { "application/json": schema } });
    }
    described
}

fn operation_id(operation: &Operation) -> String {
    let parts = operation.path.split('/').filter(|part| !part.is_empty() && *part != "v1" && *part != "api");
    let parts = parts.map(|part| part.trim_matches(['{', '}', '*']).replace(['-', '.'], "_"));
    std::iter::once(operation.method.to_owned()).chain(parts).collect::<Vec<_>>().join("_")
}

fn content(shape: Shape) -> Option<Value> {
    let reference = |name| json!({ "$ref": format!("#/components/schemas/{name}") });
    let (kind, schema) = match shape {
        Shape::Nothing | Shape::Socket => return None,
        Shape::Json(name) => ("application/json", reference(name)),
        Shape::List(name) => ("application/json", json!({ "type": "array", "items": reference(name) })),
        Shape::Text => ("text/plain", json!({ "type": "string" })),
        Shape::Events => ("text/event-stream", json!({ "type": "string" })),
        Shape::Bytes => ("application/octet-stream", json!({})),
    };
    Some(json!({ kind: { "schema": schema } }))
}
