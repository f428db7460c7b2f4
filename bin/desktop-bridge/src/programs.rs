//! Programs that work in the desktop: each takes part like a person, under the name of its token.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lunette_auth::{Identity, Scope};
use lunette_input_events::{Event, Kind, Permission, Refusal};
use lunette_session::{Hears, Joining};
use lunette_viewer::{Lounge, Seat};
use lunette_wire::stream::AgentAction;

/// A program that does nothing for so long has left.
const IDLE: Duration = Duration::from_secs(60);

/// The programs that are here.
pub struct Programs {
    lounge: Arc<Lounge>,
    // A Mutex: requests come on many tasks; it is held while one program's events are queued, which keeps them together.
    here: Mutex<BTreeMap<String, Program>>,
}

struct Program {
    seat: Seat,
    active: Instant,
}

impl Programs {
    /// Nobody yet.
    #[must_use]
    pub fn new(lounge: Arc<Lounge>) -> Self {
        Self { lounge, here: Mutex::default() }
    }

    /// Makes input of one program happen, all of it or nothing.
    ///
    /// # Errors
    /// When somebody else has the input, or the program may not.
    pub fn input(&self, identity: &Identity, events: Vec<Event>) -> Result<(), Refusal> {
        let name = identity.name().unwrap_or("agent").to_owned();
        let mut here = self.here();
        if !here.contains_key(&name) {
            let seat = self.lounge.join(joining(identity, &name))?;
            here.insert(name.clone(), Program { seat, active: Instant::now() });
        }
        let Some(program) = here.get_mut(&name) else { return Ok(()) };
        program.active = Instant::now();
        let action = action(&events);
        for event in events {
            program.seat.input(event)?;
        }
        program.seat.show_agent(action);
        Ok(())
    }

    /// Lets go of programs that are gone; what they held down comes up.
    pub fn sweep(&self) {
        self.here().retain(|_, program| program.active.elapsed() < IDLE);
    }

    fn here(&self) -> MutexGuard<'_, BTreeMap<String, Program>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn joining(identity: &Identity, name: &str) -> Joining {
    Joining {
        kind: Kind::Agent,
        name: name.to_owned(),
        permission: if identity.has(Scope::Control) { Permission::MayControl } else { Permission::ViewOnly },
        unique_id: None,
        user_id: String::new(),
        avatar_url: String::new(),
        hears: Hears::Nothing,
    }
}

/// What the others are shown of it.
fn action(events: &[Event]) -> AgentAction {
    match events.last() {
        Some(Event::MoveTo { .. } | Event::MoveBy { .. }) => AgentAction::Moving,
        Some(Event::Button { .. } | Event::Touch { .. }) => AgentAction::Clicking,
        Some(Event::Key { .. } | Event::Keysym { .. } | Event::Tap { .. } | Event::Text(_)) => AgentAction::Typing,
        Some(Event::Scroll(_)) => AgentAction::Scrolling,
        None => AgentAction::Idle,
    }
}
