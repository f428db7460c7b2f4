//! `org.freedesktop.login1.User`.

use zbus::interface;

use crate::identity::{Identity, Named};

/// The desktop's only user.
#[derive(Debug)]
pub(crate) struct User(pub(crate) Identity);

#[interface(name = "org.freedesktop.login1.User", introspection_docs = false)]
impl User {
    #[zbus(property, name = "UID")]
    fn uid(&self) -> u32 {
        self.0.uid
    }

    #[zbus(property, name = "GID")]
    fn gid(&self) -> u32 {
        self.0.gid
    }

    #[zbus(property)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The session to be shown.
    #[zbus(property)]
    fn display(&self) -> Named {
        self.0.session()
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        "active"
    }

    #[zbus(property)]
    fn sessions(&self) -> Vec<Named> {
        vec![self.0.session()]
    }
}
