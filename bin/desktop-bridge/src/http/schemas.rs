//! What operations take and give, for the API's description.

use serde_json::{Map, Value, json};

/// Members of an operation besides its summary, by method and path.
pub(super) fn details(method: &str, path: &str) -> Map<String, Value> {
    let (parameters, body, answer) = match (method, path) {
        ("get", "/clients") => (json!([]), None, answer(&clients())),
        ("get", "/video/stats") => (json!([]), None, answer(&video_stats())),
        ("get", "/metrics") => (json!([]), None, json!({ "text/plain": { "schema": { "type": "string" } } })),
        ("get", "/workspaces") => (json!([]), None, answer(&list("workspaces", &workspace()))),
        ("get", "/workspace/status") => (json!([]), None, answer(&list("repos", &status()))),
        ("post", "/workspace/commit-and-push") => (json!([]), Some(commit()), answer(&committed())),
        ("get", "/workspace/review") => {
            let base = query("base", "string", "what the work is compared with; main where it is left out");
            (json!([tree(), base, ignored()]), None, answer(&review()))
        }
        ("get", "/workspace/files") => (json!([tree()]), None, answer(&files())),
        ("get", "/workspace/file") => {
            let mut path = query("path", "string", "from the top of the work tree");
            path["required"] = true.into();
            (json!([tree(), path]), None, answer(&file()))
        }
        ("post", "/workspace/checkpoints/capture") => (json!([]), Some(capture()), answer(&captured())),
        ("post", "/workspace/checkpoints/diff") => (json!([]), Some(comparison()), answer(&compared())),
        _ => return Map::new(),
    };
    let mut members = Map::new();
    members.insert("parameters".to_owned(), parameters);
    if let Some(schema) = body {
        let body = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        members.insert("requestBody".to_owned(), body);
    }
    members.insert("answer".to_owned(), answer);
    members
}

fn answer(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn query(name: &str, kind: &str, description: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": kind } })
}

fn tree() -> Value {
    query("workspace", "string", "name or path of a work tree; the primary where it is left out")
}

fn ignored() -> Value {
    query("ignore_whitespace", "boolean", "lines that differ in white space only are the same")
}

/// An object of which every member is there, each with a type, or with a schema of its own.
fn object(members: &[(&str, Value)]) -> Value {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "required": names, "properties": properties(members) })
}

fn properties(members: &[(&str, Value)]) -> Map<String, Value> {
    members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect()
}

fn of(kind: &str) -> Value {
    json!({ "type": kind })
}

fn or_null(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn many(schema: &Value) -> Value {
    json!({ "type": "array", "items": schema })
}

fn list(name: &str, schema: &Value) -> Value {
    object(&[(name, many(schema))])
}

fn clients() -> Value {
    let client = object(&[
        ("id", of("integer")),
        ("user_id", of("string")),
        ("user_name", of("string")),
        ("avatar_url", of("string")),
        ("color", of("string")),
        ("last_x", of("integer")),
        ("last_y", of("integer")),
        ("last_seen", json!({ "type": "string", "format": "date-time" })),
    ]);
    object(&[("session_id", of("string")), ("clients", many(&client))])
}

fn video_stats() -> Value {
    let client = object(&[
        ("client_id", or_null("integer")),
        ("buffer_used", of("integer")),
        ("buffer_size", of("integer")),
        ("buffer_pct", of("number")),
    ]);
    let source = object(&[
        ("node_id", of("integer")),
        ("running", of("boolean")),
        ("pending_stop", of("boolean")),
        ("client_count", of("integer")),
        ("frames_received", of("integer")),
        ("frames_dropped", of("integer")),
        ("gop_buffer_size", of("integer")),
        ("clients", many(&client)),
    ]);
    object(&[("session_id", of("string")), ("sources", many(&source))])
}

fn workspace() -> Value {
    object(&[
        ("name", of("string")),
        ("path", of("string")),
        ("current_branch", or_null("string")),
        ("is_primary", of("boolean")),
        ("has_helix_specs", of("boolean")),
    ])
}

fn status() -> Value {
    object(&[
        ("name", of("string")),
        ("path", of("string")),
        ("branch", or_null("string")),
        ("uncommitted_files", of("integer")),
        ("unpushed_commits", of("integer")),
        ("error", or_null("string")),
    ])
}

fn commit() -> Value {
    let members = [("message", of("string")), ("expected_branch", of("string"))];
    json!({ "type": "object", "required": ["message"], "properties": properties(&members) })
}

fn committed() -> Value {
    let repo = object(&[
        ("name", of("string")),
        ("path", of("string")),
        ("action", json!({ "enum": ["clean", "committed", "pushed-only", "failed"] })),
        ("uncommitted_files", json!({ "type": "integer", "description": "as it was before" })),
        ("unpushed_commits", json!({ "type": "integer", "description": "as it was before" })),
        ("error", or_null("string")),
        ("push_output", of("string")),
    ]);
    object(&[("repos", many(&repo)), ("success", of("boolean"))])
}

fn patch() -> Vec<(&'static str, Value)> {
    let change = json!({
        "type": "object",
        "required": ["path", "kind", "additions", "deletions"],
        "properties": properties(&[
            ("path", of("string")),
            ("old_path", of("string")),
            ("kind", json!({ "enum": ["added", "modified", "deleted", "renamed", "copied", "type_changed"] })),
            ("additions", of("integer")),
            ("deletions", of("integer")),
            ("binary", of("boolean")),
        ]),
    });
    vec![
        ("patch", of("string")),
        ("patch_hash", json!({ "type": "string", "description": "SHA-256 of the whole patch" })),
        ("truncated", of("boolean")),
        ("files", many(&change)),
        ("total_additions", of("integer")),
        ("total_deletions", of("integer")),
    ]
}

fn review() -> Value {
    let mut source = vec![
        ("id", json!({ "enum": ["task", "branch", "working_tree"] })),
        ("title", of("string")),
        ("base_ref", of("string")),
        ("head_ref", of("string")),
    ];
    source.extend(patch());
    let at = json!({ "type": "string", "format": "date-time" });
    object(&[("workspace", of("string")), ("generated_at", at), ("sources", many(&object(&source)))])
}

fn files() -> Value {
    let kind = json!({ "enum": ["file", "symlink", "directory"] });
    let entry = object(&[("path", of("string")), ("kind", kind), ("size", of("integer"))]);
    object(&[("workspace", of("string")), ("entries", many(&entry)), ("truncated", of("boolean"))])
}

fn file() -> Value {
    object(&[
        ("workspace", of("string")),
        ("path", of("string")),
        ("contents", json!({ "type": "string", "description": "empty when binary" })),
        ("byte_length", json!({ "type": "integer", "description": "of the whole file" })),
        ("content_hash", json!({ "type": "string", "description": "SHA-256 of what was read" })),
        ("truncated", of("boolean")),
        ("binary", of("boolean")),
    ])
}

fn capture() -> Value {
    let members =
        [("workspace", of("string")), ("ref", json!({ "type": "string", "pattern": "^refs/helix/checkpoints/" }))];
    json!({ "type": "object", "required": ["ref"], "properties": properties(&members) })
}

fn captured() -> Value {
    object(&[
        ("workspace", of("string")),
        ("ref", of("string")),
        ("commit", of("string")),
        ("captured_at", json!({ "type": "string", "format": "date-time" })),
    ])
}

fn comparison() -> Value {
    let members = [
        ("workspace", of("string")),
        ("before_ref", of("string")),
        ("after_ref", of("string")),
        ("ignore_whitespace", of("boolean")),
    ];
    json!({ "type": "object", "required": ["before_ref", "after_ref"], "properties": properties(&members) })
}

fn compared() -> Value {
    let mut members = vec![("workspace", of("string")), ("before_ref", of("string")), ("after_ref", of("string"))];
    members.extend(patch());
    object(&members)
}
