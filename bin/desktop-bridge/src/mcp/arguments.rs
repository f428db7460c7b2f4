//! Arguments of a tool, after they were held against its schema.

use lunette_frame::Rect;
use serde_json::Value;

use super::result::Failure;
use crate::agent::Button;

/// An object that fits its tool's schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a>(pub(super) &'a Value);

impl<'a> Arguments<'a> {
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0[name].as_str()
    }

    /// A text that the schema requires.
    pub(super) fn required(self, name: &str) -> Result<&'a str, Failure> {
        self.text(name).ok_or_else(|| Failure::new(format!("{name} is missing")))
    }

    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.0[name].as_f64()
    }

    /// A number that the schema requires.
    pub(super) fn coordinate(self, name: &str) -> Result<f64, Failure> {
        self.number(name).ok_or_else(|| Failure::new(format!("{name} is missing")))
    }

    pub(super) fn whole(self, name: &str) -> Option<u64> {
        let value = &self.0[name];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema has limits")]
        value.as_u64().or_else(|| value.as_f64().map(|number| number as u64))
    }

    pub(super) fn switch(self, name: &str) -> Option<bool> {
        self.0[name].as_bool()
    }

    pub(super) fn region(self) -> Option<Rect> {
        let region = Arguments(&self.0["region"]);
        let side = |name| region.whole(name).and_then(|side| u32::try_from(side).ok());
        Some(Rect::new(side("x")?, side("y")?, side("width")?, side("height")?))
    }

    pub(super) fn button(self) -> Button {
        match self.text("button") {
            Some("middle") => Button::Middle,
            Some("right") => Button::Right,
            Some("back") => Button::Back,
            Some("forward") => Button::Forward,
            _ => Button::Left,
        }
    }
}
