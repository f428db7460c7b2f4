//! JSON-RPC 2.0, as much of it as MCP uses: single messages.

use serde_json::{Map, Value, json};

pub(super) const NO_JSON: i64 = -32700;
pub(super) const NO_REQUEST: i64 = -32600;
pub(super) const NO_METHOD: i64 = -32601;
pub(super) const BAD_PARAMS: i64 = -32602;

/// What a client sent.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// Something to answer.
    Request {
        /// Its id.
        id: Value,
        /// What to do.
        method: String,
        /// With what; an object.
        params: Value,
    },
    /// A notification, or an answer to a question that we never ask.
    Other,
}

/// What is answered when a request is not understood.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) id: Value,
    pub(super) code: i64,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { id: Value::Null, code, message: message.into() }
    }

    pub(super) fn answer(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id, "error": {"code": self.code, "message": self.message}})
    }
}

impl Message {
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        let value = serde_json::from_slice(body).map_err(|error| Fault::new(NO_JSON, format!("no JSON: {error}")))?;
        let no = |what: &str| Fault::new(NO_REQUEST, what);
        let message = match value {
            Value::Object(message) => message,
            Value::Array(_) => return Err(no("one message at a time: batches are not answered")),
            _ => return Err(no("a message is an object")),
        };
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(no("jsonrpc has to be \"2.0\""));
        }
        Self::sort(message)
    }

    fn sort(mut message: Map<String, Value>) -> Result<Self, Fault> {
        let id = message.remove("id");
        let Some(method) = message.remove("method") else {
            let answers = id.is_some() && (message.contains_key("result") || message.contains_key("error"));
            return if answers { Ok(Self::Other) } else { Err(Fault::new(NO_REQUEST, "method is missing")) };
        };
        let Value::String(method) = method else { return Err(Fault::new(NO_REQUEST, "method has to be text")) };
        let Some(id) = id else { return Ok(Self::Other) };
        let known = match &id {
            Value::String(text) => text.len() <= 256,
            Value::Number(number) => number.is_i64() || number.is_u64(),
            _ => false,
        };
        if !known {
            return Err(Fault::new(NO_REQUEST, "id has to be a short text or a whole number"));
        }
        match message.remove("params").unwrap_or_else(|| json!({})) {
            params @ Value::Object(_) => Ok(Self::Request { id, method, params }),
            _ => Err(Fault { id, code: BAD_PARAMS, message: "params has to be an object".to_owned() }),
        }
    }
}

/// What is told back of a text of somebody's.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> i64 {
        Message::read(text.as_bytes()).expect_err(text).code
    }

    #[test]
    fn requests_have_ids_and_notifications_have_none() {
        let request = Message::read(br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
        assert_eq!(request, Ok(Message::Request { id: 7.into(), method: "ping".to_owned(), params: json!({}) }));
        for other in [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#,
        ] {
            assert_eq!(Message::read(other.as_bytes()), Ok(Message::Other), "{other}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_why() {
        assert_eq!(code(""), NO_JSON);
        assert_eq!(code("{"), NO_JSON);
        assert_eq!(code(&"[".repeat(100_000)), NO_JSON);
        for text in [
            "1",
            "[]",
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        ] {
            assert_eq!(code(text), NO_REQUEST, "{text}");
        }
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#), BAD_PARAMS);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Message::read(&bytes);
        }

        #[test]
        fn anything_that_looks_like_it_is_read_or_refused(text in "\\{(\"(jsonrpc|id|method|params)\":(\"2.0\"|1|null|\\{\\}|\\[\\]),?){0,5}\\}?") {
            let _ = Message::read(text.as_bytes());
        }
    }
}
