//! The API's description, made of the table of operations.

use axum::Json;
use lunette_auth::Scope;
use serde_json::{Map, Value, json};

use super::routes::{ELSEWHERE, OPERATIONS};

pub(super) async fn serve() -> Json<Value> {
    Json(document())
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let own = OPERATIONS.iter().map(|one| (one.method, one.path, one.scope, one.summary));
    let others = ELSEWHERE.iter().map(|(method, path, scope, summary)| (*method, *path, Some(*scope), *summary));
    for (method, path, scope, summary) in own.chain(others) {
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method] = operation(summary, scope);
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

fn operation(summary: &str, scope: Option<Scope>) -> Value {
    let security = match scope {
        Some(scope) => json!([{ "token": [scope.word()] }]),
        None => json!([]),
    };
    json!({
        "summary": summary,
        "security": security,
        "responses": { "200": { "description": "done" }, "default": { "$ref": "#/components/responses/Refusal" } },
    })
}
