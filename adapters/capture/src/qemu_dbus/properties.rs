//! `org.freedesktop.DBus.Properties` of a listener: which of its interfaces QEMU may use.

use std::collections::HashMap;

use zbus::Variant;
use zbus::message::Body;

use super::{listener, listener_map};

/// The interface's name.
pub(super) const INTERFACE: &str = "org.freedesktop.DBus.Properties";

/// Interfaces beyond the plain one. DMABUF is not among them: QEMU then has no reason to try it.
const EXTRA: [&str; 1] = [listener_map::INTERFACE];

/// What to answer.
#[derive(Debug)]
pub(super) enum Answer {
    All(HashMap<&'static str, Variant<'static>>),
    One(Variant<'static>),
}

/// Answers a call; `None` when there is no such property or method.
///
/// # Errors
/// When its arguments are not those of the method.
pub(super) fn answer(method: &str, body: &Body) -> zbus::Result<Option<Answer>> {
    let interfaces = || Variant::from(EXTRA.to_vec());
    Ok(match method {
        "GetAll" => {
            let interface: &str = body.deserialize()?;
            let is_plain = interface == listener::INTERFACE;
            Some(Answer::All(is_plain.then(|| ("Interfaces", interfaces())).into_iter().collect()))
        }
        "Get" => {
            let asked: (&str, &str) = body.deserialize()?;
            (asked == (listener::INTERFACE, "Interfaces")).then(|| Answer::One(interfaces()))
        }
        _ => None,
    })
}
