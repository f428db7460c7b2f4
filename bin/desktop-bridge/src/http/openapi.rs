//! The API's description, made of the table of operations.

use axum::Json;
use serde_json::{Map, Value, json};

use super::routes::OPERATIONS;

pub(super) async fn serve() -> Json<Value> {
    Json(document())
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
        let security = match operation.scope {
            Some(scope) => json!([{ "token": [scope.word()] }]),
            None => json!([]),
        };
        entry[operation.method] = json!({
            "summary": operation.summary,
            "security": security,
            "responses": { "200": { "description": "done" }, "default": { "$ref": "#/components/responses/Refusal" } },
        });
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
