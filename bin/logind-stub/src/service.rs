//! Being logind on a bus.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::connection::Builder;

use crate::identity::{Identity, MANAGER_PATH, OWN_USER_PATH, SESSION_PATH};
use crate::login::{self, Nodes};
use crate::manager::Manager;
use crate::seat::Seat;
use crate::session::Session;
use crate::user::User;

/// What logind is called.
pub const NAME: &str = "org.freedesktop.login1";
/// The bus greets, and gives us the name.
const GREETING: Duration = Duration::from_secs(20);
/// The bus answers a question of ours.
const ANSWER: Duration = Duration::from_secs(5);

/// Why there is no logind, or no more.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A real one perhaps, of a systemd inside.
    #[error("{NAME} has an owner on this bus already: there must be no other logind")]
    NameTaken,
    /// The bus does not want us.
    #[error("the bus does not let us be {NAME}")]
    Bus(#[source] zbus::Error),
    /// The bus says nothing.
    #[error("the bus did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// Mostly because the desktop is at its end.
    #[error("the bus is gone")]
    BusLost,
}

/// A logind that everybody on the bus can call.
#[derive(Debug)]
pub struct Service(Connection);

impl Service {
    /// Offers everything, and then takes logind's name: whoever sees the name can use it at once.
    ///
    /// # Errors
    /// When somebody else has the name, or the bus is none.
    pub async fn start(bus: UnixStream, identity: Identity, nodes: Nodes) -> Result<Self, ServiceError> {
        let owner = login::start(nodes);
        let session = Session { identity: identity.clone(), owner };
        let building = Builder::unix_stream(bus)
            // The socket is the user's as the container sees him, so this is who we say we are.
            .user_id(identity.uid)
            .method_timeout(ANSWER)
            .serve_at(MANAGER_PATH, Manager(identity.clone()))
            .serve_at(SESSION_PATH, session)
            .serve_at(identity.seat_path(), Seat(identity.clone()))
            .serve_at(identity.user_path(), User(identity.clone()))
            .serve_at(OWN_USER_PATH, User(identity))
            .name(NAME)
            .allow_name_replacements(false)
            .replace_existing_names(false)
            .build();
        match timeout(GREETING, building).await {
            Err(_) => Err(ServiceError::Silent(GREETING)),
            Ok(Err(zbus::Error::NameTaken)) => Err(ServiceError::NameTaken),
            Ok(Err(error)) => Err(ServiceError::Bus(error)),
            Ok(Ok(connection)) => Ok(Self(connection)),
        }
    }

    /// Waits for the end of the bus. There is no second try: what was taken went with it.
    pub async fn lost(&self) -> ServiceError {
        self.0.closed().await;
        ServiceError::BusLost
    }
}
