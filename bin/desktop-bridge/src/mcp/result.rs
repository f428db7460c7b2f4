//! What a tool gives back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::agent::{HostError, NotActed, Picture};
use crate::problem::Problem;

/// Texts and pictures, in this order.
#[derive(Debug, Default)]
pub(super) struct Content(Vec<Value>);

impl Content {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::default().and_text(text)
    }

    pub(super) fn and_text(mut self, text: impl Into<String>) -> Self {
        self.0.push(json!({"type": "text", "text": text.into()}));
        self
    }

    pub(super) fn and_image(self, media_type: &str, file: &[u8]) -> Self {
        let mut content = self.0;
        content.push(json!({"type": "image", "data": BASE64.encode(file), "mimeType": media_type}));
        Self(content)
    }

    pub(super) fn and_picture(self, picture: &Picture) -> Self {
        self.and_image(picture.encoding.media_type(), &picture.file)
    }
}

/// What a tool did not do, in words that say what to do instead.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self(error.to_string())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem.text())
    }
}

impl From<NotActed> for Failure {
    fn from(refusal: NotActed) -> Self {
        Problem::from(refusal).into()
    }
}

/// The result of a call in the words of the protocol.
pub(super) fn in_protocol(result: Result<Content, Failure>) -> Value {
    match result {
        Ok(Content(content)) => json!({"content": content, "isError": false}),
        Err(Failure(text)) => json!({"content": [{"type": "text", "text": text}], "isError": true}),
    }
}
