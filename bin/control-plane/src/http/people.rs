//! Who uses a desktop, as its bridge tells it; asked only while a wall shows it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::Method;
use lunette_desktop::DesktopId;
use serde_json::Value;

use super::desktops::scanout;
use crate::app::App;

/// What was heard is true for so long.
const FRESH: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(5);

/// Who is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct People {
    /// By name.
    pub(crate) names: Vec<String>,
    /// Who has the input.
    pub(crate) controller: Option<String>,
}

#[derive(Default)]
struct Heard {
    people: HashMap<DesktopId, (Instant, People)>,
    asking: HashSet<DesktopId>,
}

/// What was heard of every desktop; walls of all callers share it.
#[derive(Default)]
pub(crate) struct Guests {
    // Entered for a look-up.
    heard: Mutex<Heard>,
}

impl Guests {
    fn with<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was heard last.
    pub(crate) fn known(&self, id: &DesktopId) -> People {
        self.with(|heard| heard.people.get(id).map(|(_, people)| people.clone()).unwrap_or_default())
    }
}

/// Asks again, unless that was just done, or is being done.
pub(crate) fn refresh(app: &Arc<App>, id: &DesktopId) {
    let Some((host, _)) = scanout(app, id) else { return };
    let Some(hydra) = app.host(&host).map(|host| host.hydra.clone()) else { return };
    let due = app.guests.with(|heard| {
        let fresh = heard.people.get(id).is_some_and(|(at, _)| at.elapsed() < FRESH);
        !fresh && heard.asking.insert(id.clone())
    });
    if !due {
        return;
    }
    let (app, id) = (Arc::clone(app), id.clone());
    tokio::spawn(async move {
        let path = format!("/api/v1/dev-containers/{id}/clients");
        let people = hydra.ask::<Value>(Method::GET, &path, None, LIMIT).await.map(|said| read(&said));
        let changed = app.guests.with(|heard| {
            heard.asking.remove(&id);
            let people = people.unwrap_or_default();
            let before = heard.people.insert(id, (Instant::now(), people.clone()));
            before.map(|(_, before)| before).unwrap_or_default() != people
        });
        if changed {
            app.changed();
        }
    });
}

fn read(said: &Value) -> People {
    let clients = said["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |client: &Value| client["user_name"].as_str().unwrap_or("somebody").to_owned();
    let controller = clients.iter().find(|client| client["controls"] == true).map(name);
    People { names: clients.iter().map(name).collect(), controller }
}
