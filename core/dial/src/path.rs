//! Where a data channel is to be opened.

use std::fmt;
use std::str::FromStr;

use crate::id::{DialerId, RequestId};

/// `/revdial?revdial.dialer=…&revdial.req=…`, as it stands in conn-ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnPath {
    /// The control channel that asks.
    pub dialer: DialerId,
    /// The dial that it asks for.
    pub request: RequestId,
}

/// A path that is not of this form. Nothing of it is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not /revdial?revdial.dialer=ID&revdial.req=ID")]
pub struct PathError;

impl ConnPath {
    /// Where a server has both kinds of channel.
    pub const ENDPOINT: &str = "/api/v1/revdial";
    const PATH: &str = "/revdial";
    const DIALER: &str = "revdial.dialer";
    const REQUEST: &str = "revdial.req";

    /// Path and query for the client, behind whatever prefix the server has.
    #[must_use]
    pub fn target(&self, prefix: &str) -> String {
        format!("{}{}{}", prefix.trim_end_matches('/'), Self::ENDPOINT, self.query())
    }

    /// What a query says; `None` when it says nothing of dialling at all.
    ///
    /// # Errors
    /// When it does, but not as it should.
    pub fn from_query(query: &str) -> Result<Option<Self>, PathError> {
        let (mut dialer, mut request) = (None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let twice = match name {
                Self::DIALER => dialer.replace(value).is_some(),
                Self::REQUEST => request.replace(value).is_some(),
                _ => false,
            };
            if twice {
                return Err(PathError);
            }
        }
        match (dialer, request) {
            (None, None) => Ok(None),
            (Some(dialer), Some(request)) => {
                let (Ok(dialer), Ok(request)) = (dialer.parse(), request.parse()) else { return Err(PathError) };
                Ok(Some(Self { dialer, request }))
            }
            _ => Err(PathError),
        }
    }

    fn query(&self) -> String {
        format!("?{}={}&{}={}", Self::DIALER, self.dialer, Self::REQUEST, self.request)
    }
}

impl fmt::Display for ConnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PATH, self.query())
    }
}

impl FromStr for ConnPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let query = text.strip_prefix(Self::PATH).and_then(|rest| rest.strip_prefix('?')).ok_or(PathError)?;
        Self::from_query(query)?.ok_or(PathError)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnPath, PathError};
    use crate::id::{DialerId, RequestId};

    const PATH: ConnPath = ConnPath { dialer: DialerId::new([1; 16]), request: RequestId::new([2; 16]) };

    #[test]
    fn a_path_survives_its_text() {
        assert_eq!(PATH.to_string().parse(), Ok(PATH));
    }

    #[test]
    fn a_prefix_of_the_server_is_kept() {
        let expected = "/below/api/v1/revdial?revdial.dialer=01";
        assert!(PATH.target("/below/").starts_with(expected));
        assert!(PATH.target("").starts_with("/api/v1/revdial?"));
    }

    #[test]
    fn a_query_dials_wholly_or_not_at_all() {
        let whole = PATH.to_string();
        let query = whole.split_once('?').unwrap().1;
        assert_eq!(ConnPath::from_query(query), Ok(Some(PATH)));
        assert_eq!(ConnPath::from_query(&format!("a=b&{query}&c")), Ok(Some(PATH)));
        assert_eq!(ConnPath::from_query("runnerid=x"), Ok(None));
        for broken in
            ["revdial.dialer=1", &query[..40], &format!("{query}&revdial.req=x"), "revdial.req=&revdial.dialer="]
        {
            assert_eq!(ConnPath::from_query(broken), Err(PathError), "{broken}");
        }
    }

    #[test]
    fn other_places_are_no_paths() {
        let query = PATH.to_string();
        for other in
            ["", "/", "http://elsewhere/revdial", &query.replace("/revdial?", "/other?"), &format!("//x{query}")]
        {
            assert_eq!(other.parse::<ConnPath>(), Err(PathError), "{other}");
        }
    }
}
