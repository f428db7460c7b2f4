//! Who a request comes from, as a server that let somebody in tells the one behind it.
//!
//! Whoever takes requests from strangers removes the header first: only who may do everything anyway says who somebody is.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header with a person's or a token's name.
pub const USER: HeaderName = HeaderName::from_static("lunette-user");
/// Bytes of a name.
const LONGEST: usize = 255;

/// Tells the server behind who this is; what was told before is gone, also when there is no name to tell.
pub fn tell_user(headers: &mut HeaderMap, name: &str) {
    headers.remove(USER);
    let plain: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let name = cut(plain.trim());
    // Bytes above ASCII may stand in a header as they are.
    if let Some(value) = (!name.is_empty()).then(|| HeaderValue::from_bytes(name.as_bytes()).ok()).flatten() {
        headers.insert(USER, value);
    }
}

/// Who this is, as the server in front says; `None` when it does not say, or nothing that is a name.
#[must_use]
pub fn told_user(headers: &HeaderMap) -> Option<&str> {
    let name = std::str::from_utf8(headers.get(USER)?.as_bytes()).ok()?.trim();
    (!name.is_empty() && name.len() <= LONGEST && !name.chars().any(char::is_control)).then_some(name)
}

/// Cut at a whole character.
fn cut(name: &str) -> &str {
    let end = (0..=LONGEST.min(name.len())).rev().find(|&end| name.is_char_boundary(end));
    name[..end.unwrap_or(0)].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(USER, HeaderValue::from_static("another"));
        tell_user(&mut headers, name);
        told_user(&headers).map(str::to_owned)
    }

    #[test]
    fn a_name_of_any_script_arrives_and_one_told_before_does_not() {
        for name in ["zoe", "Zoë Müller", "山田", "a b", "x: y, z"] {
            assert_eq!(told(name).as_deref(), Some(name));
        }
        assert_eq!(told(""), None);
        assert_eq!(told(" \t"), None);
    }

    #[test]
    fn a_name_ends_no_header_and_is_cut_at_a_whole_letter() {
        assert_eq!(told("a\r\nadmin: yes").as_deref(), Some("aadmin: yes"));
        assert_eq!(told(&"é".repeat(200)).map(|name| name.len()), Some(254));
    }

    #[test]
    fn what_is_no_name_is_told_to_nobody() {
        for bytes in [&b"\xff\xfe"[..], b" ", &[b'x'; 256], b"a\tb"] {
            let mut headers = HeaderMap::new();
            headers.insert(USER, HeaderValue::from_bytes(bytes).unwrap());
            assert_eq!(told_user(&headers), None, "{bytes:?}");
        }
    }
}
