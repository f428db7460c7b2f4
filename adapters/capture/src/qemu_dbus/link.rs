//! A connection to QEMU's display, however it is reached.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lunette_qmp::{Event, Events, Notice as QmpNotice, Qmp, QmpError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Connection, DynamicType, MatchRule, Message, MessageStream};

use super::calls::next;
use super::config::{QemuAddress, Timings};
use super::error::QemuError;

/// QEMU's name on a bus.
const BUS_NAME: &str = "org.qemu";
/// What QEMU calls the socket that it is given.
const SOCKET_NAME: &str = "lunette-display";
/// Notices that wait to be read; whoever sends more waits.
const NOTICES: usize = 16;

/// What happens to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    Reset,
    Gone(String),
}

/// Objects that can be called.
#[derive(Debug)]
pub(super) struct Display {
    connection: Connection,
    destination: Option<&'static str>,
    limit: Duration,
}

impl Display {
    /// Calls a method and waits for the answer, but not for ever.
    pub(super) async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &'static str,
        arguments: &B,
    ) -> Result<Message, QemuError>
    where
        B: serde::Serialize + DynamicType,
    {
        let call = self.connection.call_method(self.destination, path, Some(interface), method, arguments);
        match timeout(self.limit, call).await {
            Ok(answer) => answer.map_err(|source| QemuError::Call { method, source: Box::new(source) }),
            Err(_) => Err(QemuError::Silent { what: method, limit: self.limit }),
        }
    }

    /// Returns when the connection has ended.
    pub(super) async fn closed(&self) {
        self.connection.closed().await;
    }
}

/// A connection, and what it tells of the machine.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) display: Arc<Display>,
    pub(super) notices: mpsc::Receiver<Notice>,
    /// Events come as long as it lives.
    _monitor: Option<Qmp>,
}

/// Connects.
pub(super) async fn dial(address: &QemuAddress, timings: &Timings) -> Result<Link, QemuError> {
    let limit = timings.answer;
    let dialling = async {
        match address {
            QemuAddress::Qmp(path) => dial_monitor(path, limit).await,
            QemuAddress::Bus(address) => dial_bus(address, limit).await,
        }
    };
    timeout(limit, dialling).await.unwrap_or(Err(QemuError::Silent { what: "a new connection", limit }))
}

async fn dial_monitor(path: &Path, limit: Duration) -> Result<Link, QemuError> {
    let owned = path.to_owned();
    let introduced = tokio::task::spawn_blocking(move || introduce(&owned, limit)).await;
    let (monitor, events, socket) =
        introduced.unwrap_or_else(|_| Err(QemuError::Silent { what: "an introduction", limit }))?;
    let built = Builder::unix_stream(socket).p2p().build().await;
    let connection = built.map_err(|source| QemuError::Greeting(Box::new(source)))?;
    let (sender, notices) = mpsc::channel(NOTICES);
    let forwarding = std::thread::Builder::new().name("qemu-events".to_owned());
    forwarding.spawn(move || forward(&events, &sender)).map_err(QemuError::Thread)?;
    let display = Arc::new(Display { connection, destination: None, limit });
    Ok(Link { display, notices, _monitor: Some(monitor) })
}

/// Has the monitor pass one end of a socket to the display.
fn introduce(path: &Path, limit: Duration) -> Result<(Qmp, Events, UnixStream), QemuError> {
    let failed = |source: QmpError| QemuError::Monitor { path: path.to_owned(), source: Box::new(source) };
    let (ours, theirs) = UnixStream::pair().map_err(QemuError::Socket)?;
    let (monitor, events) = Qmp::connect(path, limit).map_err(failed)?;
    monitor.pass_fd(SOCKET_NAME, theirs.as_fd()).map_err(failed)?;
    let arguments = BTreeMap::from([("protocol", "@dbus-display"), ("fdname", SOCKET_NAME)]);
    monitor.execute_within("add_client", arguments, limit).map_err(failed)?;
    Ok((monitor, events, ours))
}

/// Passes on what concerns us, until either side is gone.
fn forward(events: &Events, notices: &mpsc::Sender<Notice>) {
    const LOOK_UP: Duration = Duration::from_secs(1);
    while !notices.is_closed() {
        let Some(notice) = events.next(LOOK_UP) else { continue };
        let is_last = matches!(notice, QmpNotice::Closed(_));
        if let Some(notice) = translate(notice)
            && notices.blocking_send(notice).is_err()
        {
            return;
        }
        if is_last {
            return;
        }
    }
}

fn translate(notice: QmpNotice) -> Option<Notice> {
    match notice {
        QmpNotice::Event(Event { name, .. }) => match name.as_str() {
            "RESET" => Some(Notice::Reset),
            "SHUTDOWN" => Some(Notice::Gone("the machine was shut down".to_owned())),
            _ => None,
        },
        QmpNotice::Missed(count) => {
            tracing::warn!(count, "events of the machine were missed");
            // One of them may have been a reset; outputs that are wanted will be asked for again.
            Some(Notice::Reset)
        }
        QmpNotice::Closed(reason) => Some(Notice::Gone(reason)),
    }
}

async fn dial_bus(address: &str, limit: Duration) -> Result<Link, QemuError> {
    let failed = |source: zbus::Error| QemuError::Bus { address: address.to_owned(), source: Box::new(source) };
    let connection = Builder::address(address).build().await.map_err(failed)?;
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender("org.freedesktop.DBus")
        .interface("org.freedesktop.DBus")
        .member("NameOwnerChanged")
        .arg(0, BUS_NAME)
        .build()
        .map_err(failed)?;
    let mut changes = MessageStream::for_match_rule(rule, &connection, None).await.map_err(failed)?;
    let (sender, notices) = mpsc::channel(NOTICES);
    tokio::spawn(async move {
        tokio::select! {
            _ = next(&mut changes) => {
                // Nobody listens any more when this fails.
                let _ = sender.send(Notice::Gone("QEMU has left the bus".to_owned())).await;
            }
            () = sender.closed() => {}
        }
    });
    let display = Arc::new(Display { connection, destination: Some(BUS_NAME), limit });
    Ok(Link { display, notices, _monitor: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_and_ends_are_passed_on() {
        let event = |name: &str| {
            let data = Default::default();
            translate(QmpNotice::Event(Event { name: name.to_owned(), data, timestamp: None }))
        };
        assert_eq!(event("RESET"), Some(Notice::Reset));
        assert!(matches!(event("SHUTDOWN"), Some(Notice::Gone(_))));
        assert_eq!(event("RTC_CHANGE"), None);
        assert_eq!(translate(QmpNotice::Missed(3)), Some(Notice::Reset));
        assert_eq!(translate(QmpNotice::Closed("gone".to_owned())), Some(Notice::Gone("gone".to_owned())));
    }
}
