//! What stands behind the question mark.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::problem::Problem;

/// A query's members. Unknown ones are ignored, as HTTP clients are used to.
#[derive(Debug, Default)]
pub(crate) struct Members(BTreeMap<String, String>);

impl Members {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A value that parses; `expected` says what it has to be.
    pub(crate) fn parse<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        self.read(name, expected, |text| text.parse().ok())
    }

    /// A value that `read` understands.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = || Problem::bad(format!("{name}={} is not {expected}", shorten(text)));
        read(text).map(Some).ok_or_else(wrong)
    }

    /// Whether something is said to be off.
    pub(crate) fn is_off(&self, name: &str) -> bool {
        matches!(self.text(name), Some("false" | "0"))
    }
}

/// What is told back of a value of somebody's.
pub(crate) fn shorten(text: &str) -> String {
    let shown: String = text.chars().take(64).collect();
    if shown.len() < text.len() { format!("{shown:?}…") } else { format!("{shown:?}") }
}

impl<S: Send + Sync> FromRequestParts<S> for Members {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = query.map_err(|error| Problem::bad(error.to_string()))?;
        let mut members = BTreeMap::new();
        for (name, value) in pairs {
            if members.contains_key(&name) {
                return Err(Problem::bad(format!("{} is there twice", shorten(&name))));
            }
            members.insert(name, value);
        }
        Ok(Self(members))
    }
}
