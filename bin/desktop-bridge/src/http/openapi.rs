//! The API's description, made of the table of operations.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use lunette_auth::Scope;
use serde_json::{Map, Value, json};

use super::routes::{ELSEWHERE, MCP, OPERATIONS};
use super::schemas::details;
use crate::bridge::Bridge;

pub(super) async fn serve(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    Json(document(bridge.mcp))
}

fn document(mcp: bool) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let own = OPERATIONS.iter().map(|one| (one.method, one.path, one.scope, one.summary));
    let others = ELSEWHERE.iter().map(|(method, path, scope, summary)| (*method, *path, Some(*scope), *summary));
    for (method, path, scope, summary) in own.chain(others).filter(|(_, path, ..)| mcp || *path != MCP) {
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method] = operation(method, path, scope, summary);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "desktop-bridge", "version": crate::BUILD_ID },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": { "Refusal": {
                "description": "not done",
                "content": { "application/json": { "schema": {
                    "type": "object",
                    "required": ["error"],
                    "properties": { "error": { "type": "string" }, "hint": { "type": "string" } },
                } } },
            } },
        },
    })
}

fn operation(method: &str, path: &str, scope: Option<Scope>, summary: &str) -> Value {
    let security = match scope {
        Some(scope) => json!([{ "token": [scope.word()] }]),
        None => json!([]),
    };
    let mut operation = json!({
        "summary": summary,
        "security": security,
        "responses": { "200": { "description": "done" }, "default": { "$ref": "#/components/responses/Refusal" } },
    });
    for (name, value) in details(method, path) {
        match name.as_str() {
            "answer" => operation["responses"]["200"]["content"] = value,
            _ => operation[name] = value,
        }
    }
    let named: Vec<_> = path.split(['{', '}']).skip(1).step_by(2).map(in_path).collect();
    if !named.is_empty() {
        operation["parameters"] = named.into();
    }
    operation
}

fn in_path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}
