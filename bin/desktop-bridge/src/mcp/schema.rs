//! The part of JSON Schema that the tools use: building it, and holding arguments against it.

use serde_json::{Map, Value, json};

/// An object with these members and no others.
pub(super) fn object(members: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<_, _> = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

pub(super) fn text(longest: usize, about: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": longest, "description": about})
}

pub(super) fn one_of(words: &[&str], about: &str) -> Value {
    json!({"type": "string", "enum": words, "description": about})
}

pub(super) fn whole(least: u64, most: u64, about: &str) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most, "description": about})
}

pub(super) fn number(least: f64, most: f64, about: &str) -> Value {
    json!({"type": "number", "minimum": least, "maximum": most, "description": about})
}

pub(super) fn switch(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

/// Whether `value` is what `schema` says; otherwise where it is not, and what it should be.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    check_at("", schema, value)
}

fn check_at(place: &str, schema: &Value, value: &Value) -> Result<(), String> {
    let kind = schema["type"].as_str().unwrap_or("");
    let right = match kind {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    };
    let shown = if place.is_empty() { "arguments" } else { place };
    if !right {
        return Err(format!("{shown} has to be of type {kind}, not {}", name(value)));
    }
    match value {
        Value::Object(members) => check_members(place, schema, members),
        Value::String(text) => check_text(shown, schema, text),
        Value::Number(number) => check_number(shown, schema, number.as_f64().unwrap_or(f64::NAN)),
        _ => Ok(()),
    }
}

fn check_members(place: &str, schema: &Value, members: &Map<String, Value>) -> Result<(), String> {
    let path = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let known = schema["properties"].as_object();
    let names = || known.map_or(String::new(), |known| known.keys().cloned().collect::<Vec<_>>().join(", "));
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !members.contains_key(*name)) {
        return Err(format!("{} is missing", path(missing)));
    }
    for (name, value) in members {
        let Some(schema) = known.and_then(|known| known.get(name)) else {
            let name: String = name.chars().take(64).collect();
            return Err(format!("{} is not known; known are: {}", path(&name), names()));
        };
        check_at(&path(name), schema, value)?;
    }
    Ok(())
}

fn check_text(place: &str, schema: &Value, text: &str) -> Result<(), String> {
    if let Some(words) = schema["enum"].as_array()
        && !words.iter().any(|word| word == text)
    {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return Err(format!("{place} has to be one of: {}", words.join(", ")));
    }
    let length = text.chars().count() as u64;
    match (schema["minLength"].as_u64(), schema["maxLength"].as_u64()) {
        (Some(least), _) if length < least => Err(format!("{place} is empty")),
        (_, Some(most)) if length > most => {
            Err(format!("{place} has {length} characters; at most {most} are possible"))
        }
        _ => Ok(()),
    }
}

fn check_number(place: &str, schema: &Value, number: f64) -> Result<(), String> {
    let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    let inside = least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most);
    let limits = || format!("from {} to {}", schema["minimum"], schema["maximum"]);
    if inside { Ok(()) } else { Err(format!("{place} is {number}; it has to be {}", limits())) }
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &Value) -> String {
        let region = object(&[("x", whole(0, 99, "left")), ("y", whole(0, 99, "top"))], &["x"]);
        let members = [
            ("text", text(3, "a text")),
            ("side", one_of(&["left", "right"], "a side")),
            ("scale", number(0.5, 1.0, "a share")),
            ("on", switch("a switch")),
            ("region", region),
        ];
        check(&object(&members, &["text"]), value).err().unwrap_or_default()
    }

    #[test]
    fn what_fits_passes() {
        let all = json!({"text": "äöü", "side": "left", "scale": 1, "on": true, "region": {"x": 5.0}});
        assert_eq!(told(&all), "");
    }

    #[test]
    fn what_does_not_fit_says_where_and_what_would() {
        for (value, words) in [
            (json!([]), "arguments has to be of type object, not array"),
            (json!({}), "text is missing"),
            (json!({"text": 1}), "text has to be of type string, not number"),
            (json!({"text": ""}), "text is empty"),
            (json!({"text": "abcd"}), "text has 4 characters; at most 3 are possible"),
            (json!({"text": "a", "txet": "b"}), "txet is not known; known are: on, region, scale, side, text"),
            (json!({"text": "a", "side": "up"}), "side has to be one of: left, right"),
            (json!({"text": "a", "scale": 0.1}), "scale is 0.1; it has to be from 0.5 to 1.0"),
            (json!({"text": "a", "scale": null}), "scale has to be of type number, not null"),
            (json!({"text": "a", "region": {}}), "region.x is missing"),
            (json!({"text": "a", "region": {"x": 1.5}}), "region.x has to be of type integer, not number"),
            (json!({"text": "a", "region": {"x": -1}}), "region.x is -1; it has to be from 0 to 99"),
            (json!({"text": "a", "region": {"x": 1, "z": 1}}), "region.z is not known; known are: x, y"),
        ] {
            assert_eq!(told(&value), words);
        }
    }
}
