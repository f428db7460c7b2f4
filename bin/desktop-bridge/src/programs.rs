//! Programs that work in the desktop: each takes part like a person, under the name of its token.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_auth::{Identity, Scope};
use lunette_input_events::{Event, Kind, Permission, Refusal};
use lunette_session::Joining;
use lunette_viewer::{Lounge, Seat};
use lunette_wire::stream::AgentAction;
use tokio::time::Instant;

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

    /// Lets input of one program pass, all of it or nothing; the numbers of its events at the sink.
    ///
    /// # Errors
    /// When somebody else has the input, the program may not, or the desktop does not take it.
    pub fn input(&self, identity: &Identity, events: Vec<Event>) -> Result<Range<u64>, Refusal> {
        let name = identity.name().unwrap_or("agent").to_owned();
        let mut here = self.here();
        if !here.contains_key(&name) {
            let seat = self.lounge.join(joining(identity, &name))?;
            here.insert(name.clone(), Program { seat, active: Instant::now() });
        }
        let Some(program) = here.get_mut(&name) else { return Ok(0..0) };
        program.active = Instant::now();
        let action = action(&events);
        let passed = program.seat.act(events)?;
        program.seat.show_agent(action);
        Ok(passed)
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
    let permission = if identity.has(Scope::Control) { Permission::MayControl } else { Permission::ViewOnly };
    Joining::new(Kind::Agent, name, permission)
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

#[cfg(test)]
mod tests {
    use lunette_auth::Grants;
    use lunette_frame::Size;
    use lunette_input_events::{KeyCode, Patience};
    use lunette_viewer::MOST_EVENTS;
    use tokio::sync::mpsc;

    use super::*;

    fn programs() -> (Programs, Arc<Lounge>, mpsc::Receiver<Event>) {
        let (sink, events) = mpsc::channel(64);
        let lounge = Lounge::new(Size::new(640, 360), Patience::default(), sink);
        (Programs::new(Arc::clone(&lounge)), lounge, events)
    }

    fn identity(scope: &str, name: &str) -> Identity {
        let token = "A".repeat(43);
        let grants = Grants::parse(format!("{scope} {token} {name}\n").as_bytes()).expect("a token file");
        grants.judge(Some(&token)).expect("granted")
    }

    fn key(down: bool) -> Event {
        Event::Key { code: KeyCode(29), down }
    }

    fn arrived(events: &mut mpsc::Receiver<Event>) -> Vec<Event> {
        std::iter::from_fn(|| events.try_recv().ok()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_takes_part_once_under_the_name_of_its_token() {
        let (programs, lounge, mut events) = programs();
        let builder = identity("agent", "builder");
        programs.input(&builder, vec![key(true)]).expect("free");
        programs.input(&builder, vec![key(false)]).expect("its own");
        assert_eq!(arrived(&mut events), [key(true), key(false)]);
        let here = lounge.presence();
        assert_eq!((here.len(), here[0].name.as_str(), here[0].kind), (1, "builder", Kind::Agent));
    }

    #[tokio::test(start_paused = true)]
    async fn a_plan_that_is_longer_than_what_may_wait_does_nothing_at_all() {
        let (programs, _lounge, mut events) = programs();
        let builder = identity("agent", "builder");
        let refused = programs.input(&builder, vec![key(true); MOST_EVENTS + 1]);
        assert_eq!(refused, Err(Refusal::Behind));
        assert!(arrived(&mut events).is_empty());
        assert_eq!(programs.input(&builder, vec![key(true), key(false)]), Ok(1..3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_program_holds_is_refused_whole() {
        let (programs, _lounge, mut events) = programs();
        programs.input(&identity("agent", "one"), vec![key(true)]).expect("free");
        let refused = programs.input(&identity("agent", "two"), vec![key(true), key(false)]);
        assert_eq!(refused, Err(Refusal::HeldByAgent("one".to_owned())));
        assert_eq!(arrived(&mut events), [key(true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_may_only_look_does_nothing() {
        let (programs, _lounge, mut events) = programs();
        assert_eq!(programs.input(&identity("view", "eye"), vec![key(true)]), Err(Refusal::ViewOnly));
        assert!(arrived(&mut events).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_is_gone_holds_nothing_any_more() {
        let (programs, lounge, mut events) = programs();
        programs.input(&identity("agent", "builder"), vec![key(true)]).expect("free");
        tokio::time::advance(IDLE - Duration::from_secs(1)).await;
        programs.sweep();
        assert_eq!(lounge.presence().len(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        programs.sweep();
        assert!(lounge.presence().is_empty());
        assert_eq!(arrived(&mut events), [key(true), key(false)]);
    }

    #[test]
    fn others_are_shown_the_last_thing_that_it_did() {
        assert_eq!(action(&[]), AgentAction::Idle);
        assert_eq!(action(&[key(true), Event::MoveBy { dx: 1.0, dy: 0.0 }]), AgentAction::Moving);
        assert_eq!(action(&[key(true)]), AgentAction::Typing);
    }
}
