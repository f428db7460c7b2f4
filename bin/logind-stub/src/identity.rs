//! Who the desktop's user is, and the names of what stands for him.

use lunette_seat::SeatName;
use zbus::{ObjectPath, OwnedObjectPath};

/// The session's id. There is one session, and this id makes its path the one that means "the caller's own".
pub(crate) const SESSION: &str = "auto";
/// The object of everything.
pub(crate) const MANAGER_PATH: &str = "/org/freedesktop/login1";
/// The object of the session.
pub(crate) const SESSION_PATH: &str = "/org/freedesktop/login1/session/auto";
/// The object of the user, for himself.
pub(crate) const OWN_USER_PATH: &str = "/org/freedesktop/login1/user/self";

/// The desktop's user, as his container knows him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// His number.
    pub uid: u32,
    /// His group's number.
    pub gid: u32,
    /// His name.
    pub name: String,
    /// The desktop environment, such as `gnome`.
    pub desktop: String,
    /// The seat.
    pub seat: SeatName,
}

/// A name and the object that stands for it.
pub(crate) type Named = (String, OwnedObjectPath);

impl Identity {
    pub(crate) fn seat_path(&self) -> OwnedObjectPath {
        // Letters, digits and the underscore stand for themselves in a path; others are written as _ and hex digits.
        let escape = |byte: u8| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("_{byte:02x}"),
        };
        let name: String = self.seat.as_str().bytes().map(escape).collect();
        path(&format!("/org/freedesktop/login1/seat/{name}"))
    }

    pub(crate) fn user_path(&self) -> OwnedObjectPath {
        path(&format!("/org/freedesktop/login1/user/_{}", self.uid))
    }

    pub(crate) fn session(&self) -> Named {
        (SESSION.to_owned(), path(SESSION_PATH))
    }

    pub(crate) fn seat(&self) -> Named {
        (self.seat.to_string(), self.seat_path())
    }
}

/// An object's path, which must be one.
pub(crate) fn path(text: &str) -> OwnedObjectPath {
    ObjectPath::try_from(text).expect("made of letters, digits and underscores").into()
}

#[cfg(test)]
mod tests {
    use super::Identity;

    #[test]
    fn a_seat_with_a_dash_still_has_a_path() {
        let seat = "seat-a_1".parse().unwrap();
        let identity = Identity { uid: 1000, gid: 1000, name: "user".into(), desktop: "gnome".into(), seat };
        assert_eq!(identity.seat_path().as_str(), "/org/freedesktop/login1/seat/seat_2da_5f1");
    }
}
