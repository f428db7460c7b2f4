//! Forms of content, and their MIME types.

use std::sync::Arc;

use super::CLIPBOARD;
use crate::SessionError;

/// MIME types of an offer that are looked at; a long list is an attack or a mistake.
const MOST_TYPES: usize = 64;
const LONGEST_TYPE: usize = 256;

/// A form that content can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Plain text.
    Text,
    /// HTML.
    Html,
    /// A PNG image.
    Image,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Html, Self::Image];

    /// The MIME type that browsers use.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Html => "text/html",
            Self::Image => "image/png",
        }
    }

    /// What it is called among desktop programs, best first.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING", "TEXT"],
            Self::Html => &["text/html"],
            Self::Image => &["image/png"],
        }
    }

    fn has_name(self, name: &str) -> bool {
        self.names().iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// What is copied or pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// HTML.
    Html(String),
    /// A PNG file.
    Png(Vec<u8>),
}

impl Content {
    /// Its form.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Html(_) => Kind::Html,
            Self::Png(_) => Kind::Image,
        }
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) | Self::Html(text) => text.len(),
            Self::Png(bytes) => bytes.len(),
        }
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn decode(kind: Kind, bytes: Vec<u8>) -> Result<Self, SessionError> {
        Ok(match kind {
            Kind::Text => Self::Text(text(&bytes)),
            Kind::Html => Self::Html(text(&bytes)),
            Kind::Image if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Self::Png(bytes),
            Kind::Image => return Err(SessionError::refused(CLIPBOARD, "what is offered as PNG is none")),
        })
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) | Self::Html(text) => text.into_bytes(),
            Self::Png(bytes) => bytes,
        }
    }
}

/// Some programs hand over UTF-16 with a mark in front.
fn text(bytes: &[u8]) -> String {
    let wide = |decode: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| decode([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The clipboard has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Counts changes since this program watches; 0 is before the first.
    pub sequence: u64,
    /// The forms that can be had, in order.
    pub kinds: Vec<Kind>,
    /// All MIME types on offer, as whoever copied calls them.
    pub types: Vec<String>,
}

/// Tells whoever watches.
pub(crate) fn change(tell: &tokio::sync::watch::Sender<Change>, types: Vec<String>) {
    let short = |name: &String| name.len() <= LONGEST_TYPE;
    let types: Vec<String> = types.into_iter().filter(short).take(MOST_TYPES).collect();
    let is_there = |kind: &Kind| types.iter().any(|name| kind.has_name(name));
    let kinds = Kind::ALL.into_iter().filter(is_there).collect();
    tell.send_modify(|change| *change = Change { sequence: change.sequence + 1, kinds, types });
}

/// What to ask for, of what is offered.
pub(crate) fn choose(kind: Kind, offered: &[String]) -> Option<&str> {
    let names = kind.names().iter();
    names.filter_map(|name| offered.iter().find(|own| own.eq_ignore_ascii_case(name))).map(String::as_str).next()
}

/// What is offered to others: names, and the bytes behind them.
pub(crate) fn forms(contents: Vec<Content>) -> Vec<(&'static str, Arc<[u8]>)> {
    let mut forms = Vec::new();
    for content in contents {
        let names = content.kind().names();
        let bytes: Arc<[u8]> = content.into_bytes().into();
        forms.extend(names.iter().map(|name| (*name, Arc::clone(&bytes))));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_name_is_asked_for() {
        let offered = ["TARGETS", "STRING", "UTF8_STRING", "text/html"].map(str::to_owned);
        assert_eq!(choose(Kind::Text, &offered), Some("UTF8_STRING"));
        assert_eq!(choose(Kind::Html, &offered), Some("text/html"));
        assert_eq!(choose(Kind::Image, &offered), None);
        assert_eq!(choose(Kind::Text, &["text/plain;charset=UTF-8".to_owned()]), Some("text/plain;charset=UTF-8"));
    }

    #[test]
    fn changes_are_counted_and_bounded() {
        let (tell, changes) = tokio::sync::watch::channel(Change::default());
        change(&tell, vec!["text/plain".into(), "x".repeat(1000)]);
        assert_eq!(
            changes.borrow().clone(),
            Change { sequence: 1, kinds: vec![Kind::Text], types: vec!["text/plain".into()] }
        );
        change(&tell, vec!["a/b".into(); 1000]);
        assert_eq!((changes.borrow().sequence, changes.borrow().types.len()), (2, MOST_TYPES));
    }

    #[test]
    fn wide_text_is_understood_and_broken_text_does_no_harm() {
        assert_eq!(text(b"\xff\xfea\x00\xdf\x00"), "aß");
        assert_eq!(text(b"\xfe\xff\x00a\xff"), "a");
        assert_eq!(text(b"a\xff"), "a\u{fffd}");
    }

    #[test]
    fn what_is_no_png_is_refused() {
        assert!(Content::decode(Kind::Image, b"GIF89a".to_vec()).is_err());
    }
}
