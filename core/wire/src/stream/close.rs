//! Why a WebSocket is closed.

/// Why a server closes a connection. A stream error says it in words before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: nothing is wrong.
    Normal,
    /// 1001: the client's page is gone, or the server.
    GoingAway,
    /// 1008: the client does not keep to the protocol.
    Violation,
    /// 4000: the same client has a newer connection.
    Superseded,
    /// 4001: the token is missing, wrong, or not good enough.
    Unauthorised,
    /// 4002: the client took nothing for too long.
    TooSlow,
    /// 4003: the server stops.
    Stopping,
}

impl CloseCode {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Normal,
        Self::GoingAway,
        Self::Violation,
        Self::Superseded,
        Self::Unauthorised,
        Self::TooSlow,
        Self::Stopping,
    ];

    /// The WebSocket's number.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Violation => 1008,
            Self::Superseded => 4000,
            Self::Unauthorised => 4001,
            Self::TooSlow => 4002,
            Self::Stopping => 4003,
        }
    }

    /// The reason with this number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// The close frame's text.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::GoingAway => "going away",
            Self::Violation => "protocol violation",
            Self::Superseded => "superseded",
            Self::Unauthorised => "unauthorised",
            Self::TooSlow => "too slow",
            Self::Stopping => "stopping",
        }
    }

    /// Whether a client may connect again by itself.
    #[must_use]
    pub const fn may_retry(self) -> bool {
        !matches!(self, Self::Superseded | Self::Unauthorised | Self::Violation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kept_and_others_are_none() {
        assert!(CloseCode::ALL.into_iter().all(|close| CloseCode::from_code(close.code()) == Some(close)));
        assert_eq!(CloseCode::from_code(1006), None);
    }

    #[test]
    fn who_would_be_turned_away_again_stays_away() {
        let staying: Vec<_> = CloseCode::ALL.into_iter().filter(|close| !close.may_retry()).collect();
        assert_eq!(staying, [CloseCode::Violation, CloseCode::Superseded, CloseCode::Unauthorised]);
    }
}
