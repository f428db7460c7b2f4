//! The session bus.

use std::env;

use zbus::connection::Builder;
use zbus::{Connection, fdo};

use crate::SessionError;

pub(crate) const BUS: &str = "the session bus";

/// Whether there is one to connect to: without an address zbus would start one.
pub(crate) fn is_there(address: Option<&str>) -> bool {
    address.is_some() || env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
}

/// Connects to the bus with this address, or to the environment's.
pub(crate) async fn connect(address: Option<&str>) -> Result<Connection, SessionError> {
    if !is_there(address) {
        return Err(SessionError::unavailable(BUS, "DBUS_SESSION_BUS_ADDRESS is not set"));
    }
    let builder = address.map_or_else(Builder::session, Builder::address);
    builder.build().await.map_err(|error| SessionError::gone(BUS, error.to_string()))
}

/// Whether the other side exists and does not let us.
pub(crate) fn is_denied(error: &zbus::Error) -> bool {
    matches!(error, zbus::Error::FDO(error) if matches!(**error, fdo::Error::AccessDenied(_)))
}

/// Whether there is no other side, or it has no such method.
pub(crate) fn is_absent(error: &zbus::Error) -> bool {
    use fdo::Error::{NameHasNoOwner, ServiceUnknown, UnknownInterface, UnknownMethod, UnknownObject};
    let zbus::Error::FDO(error) = error else { return false };
    matches!(**error, NameHasNoOwner(_) | ServiceUnknown(_) | UnknownInterface(_) | UnknownMethod(_) | UnknownObject(_))
}
