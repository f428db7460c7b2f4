//! Where a request carries its token: `Authorization: Bearer TOKEN`, or, from a page that opens a WebSocket,
//! `Sec-WebSocket-Protocol: lunette, lunette.bearer.TOKEN`. Never in the query, which ends up in logs.

use crate::field::{self, Field};

/// The subprotocol that the server answers with when it was offered.
pub const PROTOCOL: &str = "lunette";
const PREFIX: &str = "lunette.bearer.";
/// No token is longer, nor one of any other kind that a proxy may add.
const MAX_TOKEN: usize = 256;

/// A request whose token cannot be told. Nothing of it is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// Several, too long, or binary.
    #[error("the Authorization header is there several times, too long, or no plain text")]
    Authorization,
    /// The scheme without a token, or with more than one word.
    #[error("the Authorization header is not \"Bearer TOKEN\"")]
    Form,
    /// More than a token has.
    #[error("the token has more than {MAX_TOKEN} characters")]
    TooLong,
    /// A subprotocol list that is none.
    #[error("the Sec-WebSocket-Protocol header is too long, or no plain text")]
    Protocols,
    /// Two in one list.
    #[error("the Sec-WebSocket-Protocol header has two tokens")]
    TwoTokens,
    /// The server cannot answer with the token, so it needs something else to answer with.
    #[error("the Sec-WebSocket-Protocol header has a token, but not \"lunette\", which the server answers")]
    NothingToAnswer,
    /// Both headers, and not the same.
    #[error("the Authorization header and the Sec-WebSocket-Protocol header have different tokens")]
    Different,
}

/// What a WebSocket's subprotocol list says.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer<'a> {
    /// The token in it.
    pub token: Option<&'a str>,
    /// What to answer with; `None` when nothing of ours was offered, as by clients that know no subprotocols.
    pub answer: Option<&'static str>,
}

impl std::fmt::Debug for Offer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = self.token.map(|_| "…");
        f.debug_struct("Offer").field("token", &token).field("answer", &self.answer).finish()
    }
}

impl<'a> Offer<'a> {
    /// The request's token, from here or from its Authorization header.
    ///
    /// # Errors
    /// [`BearerError::Different`] when both have one.
    pub fn or(self, authorization: Option<&'a str>) -> Result<Option<&'a str>, BearerError> {
        match (self.token, authorization) {
            (Some(here), Some(there)) if here != there => Err(BearerError::Different),
            (here, there) => Ok(here.or(there)),
        }
    }
}

/// The token of an Authorization header; none when there is no header, or one of another scheme.
///
/// # Errors
/// When the header is broken.
pub fn from_authorization(header: Field<'_>) -> Result<Option<&str>, BearerError> {
    let value = match header {
        Field::Absent => return Ok(None),
        Field::Broken => return Err(BearerError::Authorization),
        Field::Once(value) => value.trim(),
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = token.trim_start();
    if token.is_empty() || token.contains(' ') {
        return Err(BearerError::Form);
    }
    short(token).map(Some)
}

/// What a WebSocket's subprotocol list says; the header may be there several times, which is one long list.
///
/// # Errors
/// When it cannot be told.
pub fn from_protocols<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Result<Offer<'a>, BearerError> {
    let mut offer = Offer::default();
    for header in headers {
        let list = field::read(header).ok_or(BearerError::Protocols)?;
        for word in list.split(',').map(str::trim) {
            if word == PROTOCOL {
                offer.answer = Some(PROTOCOL);
            } else if let Some(token) = word.strip_prefix(PREFIX)
                && offer.token.replace(short(token)?).is_some()
            {
                return Err(BearerError::TwoTokens);
            }
        }
    }
    if offer.token.is_some() && offer.answer.is_none() {
        return Err(BearerError::NothingToAnswer);
    }
    Ok(offer)
}

fn short(token: &str) -> Result<&str, BearerError> {
    if token.len() <= MAX_TOKEN { Ok(token) } else { Err(BearerError::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_a_scheme_and_a_token() {
        let long = format!("Bearer {}", "x".repeat(257));
        let table = [
            (Field::Absent, Ok(None)),
            (Field::Once("Bearer abc"), Ok(Some("abc"))),
            (Field::Once("bearer  abc "), Ok(Some("abc"))),
            (Field::Once("Basic QTpC"), Ok(None)),
            (Field::Once("Bearerabc"), Ok(None)),
            (Field::Once("Bearer"), Err(BearerError::Form)),
            (Field::Once("Bearer a b"), Err(BearerError::Form)),
            (Field::Once(&long), Err(BearerError::TooLong)),
            (Field::Broken, Err(BearerError::Authorization)),
        ];
        for (header, token) in table {
            assert_eq!(from_authorization(header), token, "{header:?}");
        }
    }

    #[test]
    fn the_list_has_a_token_and_something_to_answer() {
        let offer = |token, answer| Ok(Offer { token, answer });
        let long = format!("lunette, lunette.bearer.{}", "x".repeat(257));
        let table: [(&[&str], Result<Offer<'_>, BearerError>); 9] = [
            (&[], offer(None, None)),
            (&["lunette, lunette.bearer.abc"], offer(Some("abc"), Some("lunette"))),
            (&["lunette.bearer.abc,lunette"], offer(Some("abc"), Some("lunette"))),
            (&["lunette", "chat,lunette.bearer.abc"], offer(Some("abc"), Some("lunette"))),
            (&["chat"], offer(None, None)),
            (&["lunette.bearer.abc"], Err(BearerError::NothingToAnswer)),
            (&["lunette, lunette.bearer.a, lunette.bearer.a"], Err(BearerError::TwoTokens)),
            (&["lunette, lunette.bearer.\u{e9}"], Err(BearerError::Protocols)),
            (&[&long], Err(BearerError::TooLong)),
        ];
        for (headers, expected) in table {
            assert_eq!(from_protocols(headers.iter().map(|header| header.as_bytes())), expected, "{headers:?}");
        }
    }

    #[test]
    fn two_headers_agree_or_are_refused() {
        let offer = Offer { token: Some("a"), answer: Some(PROTOCOL) };
        assert_eq!(offer.or(Some("a")), Ok(Some("a")));
        assert_eq!(offer.or(None), Ok(Some("a")));
        assert_eq!(Offer::default().or(Some("b")), Ok(Some("b")));
        assert_eq!(offer.or(Some("b")), Err(BearerError::Different));
        assert!(!format!("{offer:?}").contains("\"a\""));
    }
}
