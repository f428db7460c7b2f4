//! `org.freedesktop.login1.Manager`.

use rustix::pipe::{PipeFlags, pipe_with};
use zbus::object_server::SignalEmitter;
use zbus::{OwnedFd, OwnedObjectPath, interface};

use crate::identity::Identity;
use crate::refused::{Refused, Result};

/// Whoever asks, and about whom, it is about the one session, user and seat.
#[derive(Debug)]
pub(crate) struct Manager(pub(crate) Identity);

/// A session as lists have it: id, user's number and name, seat, object.
type Listed = (String, u32, String, String, OwnedObjectPath);

/// This machine cannot: a desktop does not suspend the machine that it shares with others.
const CANNOT: &str = "na";

#[interface(name = "org.freedesktop.login1.Manager", introspection_docs = false)]
impl Manager {
    fn get_session(&self, _id: &str) -> OwnedObjectPath {
        self.0.session().1
    }

    /// Any process is of this session; 0 is the caller.
    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, _pid: u32) -> OwnedObjectPath {
        self.0.session().1
    }

    fn get_seat(&self, _id: &str) -> OwnedObjectPath {
        self.0.seat_path()
    }

    fn get_user(&self, _uid: u32) -> OwnedObjectPath {
        self.0.user_path()
    }

    #[zbus(name = "GetUserByPID")]
    fn get_user_by_pid(&self, _pid: u32) -> OwnedObjectPath {
        self.0.user_path()
    }

    fn list_sessions(&self) -> Vec<Listed> {
        let (id, path) = self.0.session();
        vec![(id, self.0.uid, self.0.name.clone(), self.0.seat.to_string(), path)]
    }

    /// The lock is held until its descriptor is closed; nothing ever asks whether it is.
    fn inhibit(&self, _what: &str, _who: &str, _why: &str, _mode: &str) -> Result<OwnedFd> {
        let pipe = pipe_with(PipeFlags::CLOEXEC);
        let (_, held) = pipe.map_err(|error| Refused::Failed(format!("no pipe: {error}")))?;
        Ok(held.into())
    }

    fn can_power_off(&self) -> &str {
        CANNOT
    }

    fn can_reboot(&self) -> &str {
        CANNOT
    }

    fn can_halt(&self) -> &str {
        CANNOT
    }

    fn can_suspend(&self) -> &str {
        CANNOT
    }

    fn can_hibernate(&self) -> &str {
        CANNOT
    }

    fn can_hybrid_sleep(&self) -> &str {
        CANNOT
    }

    fn can_suspend_then_hibernate(&self) -> &str {
        CANNOT
    }

    fn can_reboot_to_firmware_setup(&self) -> &str {
        CANNOT
    }

    fn can_reboot_to_boot_loader_menu(&self) -> &str {
        CANNOT
    }

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn prepare_for_shutdown(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;
}
