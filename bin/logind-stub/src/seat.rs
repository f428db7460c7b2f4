//! `org.freedesktop.login1.Seat`.

use zbus::interface;

use crate::identity::{Identity, Named};

/// The desktop's only seat.
#[derive(Debug)]
pub(crate) struct Seat(pub(crate) Identity);

#[interface(name = "org.freedesktop.login1.Seat", introspection_docs = false)]
impl Seat {
    /// There is no other session to switch to.
    fn switch_to(&self, _terminal: u32) {}

    /// Without it Mutter would show nothing.
    #[zbus(property)]
    fn id(&self) -> &str {
        self.0.seat.as_str()
    }

    #[zbus(property)]
    fn active_session(&self) -> Named {
        self.0.session()
    }

    #[zbus(property)]
    fn can_graphical(&self) -> bool {
        true
    }

    #[zbus(property, name = "CanTTY")]
    fn can_tty(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn sessions(&self) -> Vec<Named> {
        vec![self.0.session()]
    }
}
