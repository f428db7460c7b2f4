//! `org.freedesktop.login1.Session`.

use lunette_seat::DeviceNumber;
use zbus::message::Header;
use zbus::names::OwnedUniqueName;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, Fd, OwnedFd, OwnedObjectPath, interface};

use crate::identity::{Identity, Named, SESSION};
use crate::login::{Ask, Owner};
use crate::refused::{Refused, Result};

/// The desktop's only session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) identity: Identity,
    pub(crate) owner: Owner,
}

fn sender(header: &Header<'_>) -> Result<OwnedUniqueName> {
    let sender = header.sender().ok_or_else(|| Refused::AccessDenied("a call from nobody".to_owned()))?;
    Ok(sender.to_owned().into())
}

// Not spawned: a device that is released and taken again must be released first.
#[interface(name = "org.freedesktop.login1.Session", spawn = false, introspection_docs = false)]
impl Session {
    /// `force` is for root, who has no business here.
    async fn take_control(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        force: bool,
    ) -> Result<()> {
        let (peer, bus) = (sender(&header)?, bus.clone());
        tracing::debug!(%peer, force, "TakeControl");
        self.owner.ask(|answer| Ask::TakeControl { peer, bus, answer }).await
    }

    async fn release_control(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        let peer = sender(&header)?;
        self.owner.ask(|answer| Ask::ReleaseControl { peer, answer }).await
    }

    /// The descriptor may be used at once: the flag that comes with it says so.
    #[zbus(out_args("fd", "inactive"))]
    async fn take_device(&self, #[zbus(header)] header: Header<'_>, major: u32, minor: u32) -> Result<(OwnedFd, bool)> {
        let (peer, number) = (sender(&header)?, DeviceNumber { major, minor });
        let fd = self.owner.ask(|answer| Ask::TakeDevice { peer, number, answer }).await?;
        Ok((OwnedFd::from(fd), false))
    }

    async fn release_device(&self, #[zbus(header)] header: Header<'_>, major: u32, minor: u32) -> Result<()> {
        let (peer, number) = (sender(&header)?, DeviceNumber { major, minor });
        self.owner.ask(|answer| Ask::ReleaseDevice { peer, number, answer }).await
    }

    /// Nothing is ever paused, so whatever is complete is fine.
    fn pause_device_complete(&self, _major: u32, _minor: u32) {}

    fn activate(&self) {}

    fn lock(&self) {}

    fn unlock(&self) {}

    /// The desktop ends when its container does.
    fn terminate(&self) {}

    fn set_display(&self, _display: &str) {}

    #[zbus(name = "SetType")]
    fn accept_type(&self, _kind: &str) {}

    fn set_idle_hint(&self, _idle: bool) {}

    fn set_locked_hint(&self, _locked: bool) {}

    fn set_brightness(&self, _subsystem: &str, _name: &str, _brightness: u32) {}

    #[zbus(signal)]
    async fn pause_device(emitter: &SignalEmitter<'_>, major: u32, minor: u32, kind: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn resume_device(emitter: &SignalEmitter<'_>, major: u32, minor: u32, fd: Fd<'_>) -> zbus::Result<()>;

    #[zbus(signal, name = "Lock")]
    async fn locked(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(signal, name = "Unlock")]
    async fn unlocked(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(property)]
    fn id(&self) -> &str {
        SESSION
    }

    #[zbus(property)]
    fn user(&self) -> (u32, OwnedObjectPath) {
        (self.identity.uid, self.identity.user_path())
    }

    #[zbus(property)]
    fn name(&self) -> &str {
        &self.identity.name
    }

    #[zbus(property)]
    fn timestamp(&self) -> u64 {
        0
    }

    #[zbus(property)]
    fn timestamp_monotonic(&self) -> u64 {
        0
    }

    #[zbus(property, name = "VTNr")]
    fn vt_number(&self) -> u32 {
        1
    }

    #[zbus(property)]
    fn seat(&self) -> Named {
        self.identity.seat()
    }

    #[zbus(property, name = "TTY")]
    fn tty(&self) -> &str {
        ""
    }

    #[zbus(property)]
    fn display(&self) -> &str {
        ""
    }

    #[zbus(property)]
    fn remote(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn remote_host(&self) -> &str {
        ""
    }

    #[zbus(property)]
    fn remote_user(&self) -> &str {
        ""
    }

    #[zbus(property)]
    fn service(&self) -> &str {
        "lunette"
    }

    #[zbus(property)]
    fn desktop(&self) -> &str {
        &self.identity.desktop
    }

    #[zbus(property)]
    fn scope(&self) -> &str {
        "session-auto.scope"
    }

    #[zbus(property)]
    fn leader(&self) -> u32 {
        std::process::id()
    }

    #[zbus(property)]
    fn audit(&self) -> u32 {
        0
    }

    /// Graphical, so that Mutter takes it for a session to be shown.
    #[zbus(property, name = "Type")]
    fn kind(&self) -> &str {
        "wayland"
    }

    #[zbus(property)]
    fn class(&self) -> &str {
        "user"
    }

    #[zbus(property)]
    fn active(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        "active"
    }

    #[zbus(property)]
    fn idle_hint(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn idle_since_hint(&self) -> u64 {
        0
    }

    #[zbus(property)]
    fn idle_since_hint_monotonic(&self) -> u64 {
        0
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        false
    }
}
