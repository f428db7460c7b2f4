//! As much of JSON Schema as the API's description uses.

use serde_json::Value;

/// Why `value` is not as `schema` says.
pub(crate) fn mismatch(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a schema of this name");
        return mismatch(document, target, value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let all: Option<Vec<String>> = any.iter().map(|one| mismatch(document, one, value)).collect();
        return all.map(|all| all.join(", or "));
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return (!allowed.contains(value)).then(|| format!("{value} is none of {allowed:?}"));
    }
    if !has_type(&schema["type"], value) {
        return Some(format!("{value} is no {}", schema["type"]));
    }
    match value {
        Value::Object(_) => object(document, schema, value),
        Value::Array(items) => items.iter().find_map(|item| mismatch(document, &schema["items"], item)),
        _ => None,
    }
}

fn object(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required.filter_map(Value::as_str).find(|name| value.get(name).is_none()) {
        return Some(format!("{missing} is missing in {value}"));
    }
    value.as_object().into_iter().flatten().find_map(|(name, field)| match schema["properties"].get(name) {
        Some(one) => mismatch(document, one, field).map(|why| format!("{name}: {why}")),
        None => (schema["additionalProperties"] == false).then(|| format!("{name} is not described")),
    })
}

fn has_type(kind: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    };
    match kind {
        Value::Null => true,
        Value::String(kind) => is(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        other => panic!("no type {other}"),
    }
}
