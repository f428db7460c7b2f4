//! What logind says when it does not do it.

/// An error as D-Bus knows it; the text is for people.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop")]
pub(crate) enum Refused {
    /// Not this desktop's.
    #[zbus(name = "DBus.Error.AccessDenied")]
    AccessDenied(String),
    /// It does not open.
    #[zbus(name = "DBus.Error.Failed")]
    Failed(String),
    /// Somebody else is in control.
    #[zbus(name = "DBus.Error.Busy")]
    Busy(String),
    /// The caller is not in control.
    #[zbus(name = "login1.NotInControl")]
    NotInControl(String),
    /// The caller has it already.
    #[zbus(name = "login1.DeviceIsTaken")]
    DeviceIsTaken(String),
    /// The caller does not have it.
    #[zbus(name = "login1.DeviceNotTaken")]
    DeviceNotTaken(String),
    /// There is none.
    #[zbus(name = "login1.NoSuchDevice")]
    NoSuchDevice(String),
}

/// What a handler gives back.
pub(crate) type Result<T> = std::result::Result<T, Refused>;
