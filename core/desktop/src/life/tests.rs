use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::{BackendKind, Ending, Profile, RestartPolicy, RootSource, Slot, Terms, Wish};

fn order(restart: RestartPolicy) -> Order {
    let text = "name = 'x'\nsummary = ''\nstart_limit_s = 10\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n";
    let terms = Terms {
        id: "a".parse().unwrap(),
        slot: Slot::new(0).unwrap(),
        profile: Profile::parse(text).unwrap(),
        root: RootSource::Folder(PathBuf::from("/")),
        backend: BackendKind::Runc,
        ordered_at_ms: 0,
    };
    let mut wish = Wish::plain("x".parse().unwrap());
    wish.restart = restart;
    wish.order(terms).unwrap()
}

const fn at(seconds: u64) -> Moment {
    Moment { steady: Duration::from_secs(seconds), wall_ms: seconds * 1000 }
}

fn report(phase: Phase, reason: Option<Reason>) -> Report {
    Report { phase, reason, launcher_pid: 7, ..first_view(&order(RestartPolicy::Never), at(0)) }
}

struct Fixture {
    life: Life,
    second: u64,
}

impl Fixture {
    fn new(restart: RestartPolicy) -> Self {
        let mut fixture = Self { life: Life::ordered(&order(restart), at(0)), second: 0 };
        assert_eq!(fixture.actions(), [Action::Spawn]);
        fixture
    }

    fn running(restart: RestartPolicy) -> Self {
        let mut fixture = Self::new(restart);
        fixture.happens(Input::Spawned { pid: 7 });
        fixture.happens(Input::Report(report(Phase::Running, None)));
        fixture
    }

    fn happens(&mut self, input: Input) -> Vec<Action> {
        self.life.handle(at(self.second), input);
        self.actions()
    }

    /// Passes the time up to the next tick.
    fn ticks(&mut self) -> Vec<Action> {
        self.second = self.life.next_tick().expect("it waits for something").as_secs();
        self.happens(Input::Tick)
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.life.poll_action()).collect()
    }

    fn phase(&self) -> Phase {
        self.life.report().phase
    }

    fn reason(&self) -> Reason {
        self.life.report().reason.clone().expect("a reason")
    }
}

#[test]
fn it_is_over_only_when_it_is_swept() {
    let mut desktop = Fixture::running(RestartPolicy::Never);
    assert_eq!(desktop.happens(Input::Stop), [Action::AskStop]);
    desktop.happens(Input::Report(report(Phase::Stopped, Some(Reason::Asked))));
    assert_eq!(desktop.phase(), Phase::Stopping);
    assert_eq!(desktop.happens(Input::LauncherEnded { last: None }), [Action::Sweep]);
    assert_eq!(desktop.phase(), Phase::Stopping);
    desktop.happens(Input::Swept);
    assert_eq!((desktop.phase(), desktop.reason()), (Phase::Stopped, Reason::Asked));
}

#[test]
fn a_launcher_that_dies_is_the_reason() {
    let mut desktop = Fixture::running(RestartPolicy::Never);
    let alive = report(Phase::Running, None);
    assert_eq!(desktop.happens(Input::LauncherEnded { last: Some(alive) }), [Action::Sweep]);
    desktop.happens(Input::Swept);
    assert_eq!((desktop.phase(), desktop.reason()), (Phase::Failed, Reason::LauncherDied));
    assert_eq!(desktop.life.report().launcher_pid, 0);
}

#[test]
fn the_report_that_a_launcher_left_says_why() {
    let mut desktop = Fixture::running(RestartPolicy::Never);
    let reason = Reason::CompositorEnded { ending: Ending::Signal(11) };
    desktop.happens(Input::LauncherEnded { last: Some(report(Phase::Failed, Some(reason.clone()))) });
    desktop.happens(Input::Swept);
    assert_eq!((desktop.phase(), desktop.reason()), (Phase::Failed, reason));
}

#[test]
fn a_stop_before_the_first_word_is_not_forgotten() {
    let mut desktop = Fixture::new(RestartPolicy::OnFailure { times: 5 });
    assert_eq!(desktop.happens(Input::Stop), []);
    assert_eq!(desktop.happens(Input::Spawned { pid: 7 }), [Action::AskStop]);
    desktop.happens(Input::Report(report(Phase::Starting, None)));
    assert_eq!(desktop.phase(), Phase::Stopping);
    desktop.happens(Input::LauncherEnded { last: None });
    desktop.happens(Input::Swept);
    assert_eq!((desktop.phase(), desktop.reason()), (Phase::Stopped, Reason::Asked));
}

#[test]
fn a_launcher_that_hangs_is_killed() {
    let mut silent = Fixture::new(RestartPolicy::Never);
    silent.happens(Input::Spawned { pid: 7 });
    assert_eq!(silent.ticks(), [Action::Kill]);
    silent.happens(Input::LauncherEnded { last: None });
    silent.happens(Input::Swept);
    assert!(matches!(silent.reason(), Reason::StartFailed { .. }));

    let mut blind = Fixture::new(RestartPolicy::Never);
    blind.happens(Input::Spawned { pid: 7 });
    blind.happens(Input::Report(report(Phase::Starting, None)));
    blind.second = 5;
    blind.happens(Input::Report(report(Phase::Starting, None)));
    assert_eq!(blind.life.next_tick(), Some(Duration::from_secs(70)), "later reports do not put it off");
    assert_eq!(blind.ticks(), [Action::Kill]);
    blind.happens(Input::LauncherEnded { last: None });
    blind.happens(Input::Swept);
    assert_eq!(blind.reason(), Reason::NoPicture { after_s: 10 });

    let mut deaf = Fixture::running(RestartPolicy::Never);
    deaf.happens(Input::Stop);
    assert_eq!((deaf.ticks(), deaf.second), (vec![Action::Kill], 20));
}

#[test]
fn a_failed_desktop_starts_again_and_says_why_it_had_to() {
    let mut desktop = Fixture::running(RestartPolicy::OnFailure { times: 1 });
    desktop.happens(Input::LauncherEnded { last: None });
    assert_eq!(desktop.happens(Input::Swept), []);
    assert_eq!((desktop.phase(), desktop.life.restarts()), (Phase::Starting, 1));
    assert_eq!((desktop.ticks(), desktop.second), (vec![Action::Spawn], 1));
    desktop.happens(Input::Spawned { pid: 8 });
    desktop.happens(Input::Report(report(Phase::Running, None)));
    assert_eq!((desktop.phase(), desktop.reason()), (Phase::Running, Reason::LauncherDied));
    desktop.happens(Input::LauncherEnded { last: None });
    desktop.happens(Input::Swept);
    assert_eq!((desktop.phase(), desktop.life.report().restarts), (Phase::Failed, 1));
}

#[test]
fn a_stop_while_it_rests_ends_it_at_once() {
    let mut desktop = Fixture::running(RestartPolicy::OnFailure { times: 1 });
    desktop.happens(Input::LauncherEnded { last: None });
    desktop.happens(Input::Swept);
    assert_eq!(desktop.happens(Input::Stop), []);
    assert_eq!((desktop.phase(), desktop.reason()), (Phase::Stopped, Reason::Asked));
    assert_eq!(desktop.life.next_tick(), None);
}

#[test]
fn an_adopted_one_keeps_what_it_was() {
    let running = Report { scanout: Some(3), ..report(Phase::Running, None) };
    let mut life = Life::adopted(&order(RestartPolicy::Never), Some(running.clone()), 7, at(0));
    assert_eq!(life.report(), &running);
    assert_eq!(life.poll_action(), None);
}

#[test]
fn what_has_no_launcher_is_swept() {
    let mut life = Life::orphaned(&order(RestartPolicy::Never), Some(report(Phase::Running, None)), at(0));
    assert_eq!(life.poll_action(), Some(Action::Sweep));
    life.handle(at(1), Input::Swept);
    assert_eq!(life.report().reason, Some(Reason::LauncherDied));
}

#[test]
fn reports_of_another_desktop_are_ignored() {
    let mut desktop = Fixture::running(RestartPolicy::Never);
    let other = Report { id: "b".parse().unwrap(), ..report(Phase::Failed, None) };
    desktop.happens(Input::Report(other));
    assert_eq!(desktop.phase(), Phase::Running);
}

#[derive(Debug, Clone)]
enum Event {
    Report(Phase),
    LauncherEnds,
    Stop,
    Tick,
    Later(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let phases = [Phase::Starting, Phase::Running, Phase::Frozen, Phase::Stopping, Phase::Stopped, Phase::Failed];
    prop_oneof![
        proptest::sample::select(phases.to_vec()).prop_map(Event::Report),
        Just(Event::LauncherEnds),
        Just(Event::Stop),
        Just(Event::Tick),
        (0..100_u64).prop_map(Event::Later),
    ]
}

/// A world in which actions are carried out, and launchers end when they are killed.
struct World {
    fixture: Fixture,
    launcher: bool,
    spawn_fails: bool,
}

impl World {
    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            let input = match action {
                Action::Spawn => {
                    assert!(!self.launcher, "two launchers at once");
                    self.launcher = !self.spawn_fails;
                    match self.launcher {
                        true => Input::Spawned { pid: 7 },
                        false => Input::SpawnFailed { step: String::new(), cause: String::new() },
                    }
                }
                Action::AskStop => {
                    assert!(self.launcher);
                    continue;
                }
                Action::Kill => {
                    assert!(self.launcher);
                    self.launcher = false;
                    Input::LauncherEnded { last: None }
                }
                Action::Sweep => {
                    assert!(!self.launcher, "swept under a living launcher");
                    Input::Swept
                }
            };
            self.happens(input);
        }
    }

    fn happens(&mut self, input: Input) {
        let actions = self.fixture.happens(input);
        self.carry_out(actions);
        assert!(!(self.fixture.phase().is_over() && self.launcher), "over, and its launcher lives");
    }
}

proptest! {
    #[test]
    fn whatever_happens_a_stopped_desktop_ends(
        events in proptest::collection::vec(event(), 0..40), times in 0..3_u32, spawn_fails: bool,
    ) {
        let fixture = Fixture { life: Life::ordered(&order(RestartPolicy::OnFailure { times }), at(0)), second: 0 };
        let mut world = World { fixture, launcher: false, spawn_fails };
        let first = world.fixture.actions();
        world.carry_out(first);
        for event in events {
            match event {
                Event::Report(phase) if world.launcher => world.happens(Input::Report(report(phase, None))),
                Event::LauncherEnds if world.launcher => {
                    world.launcher = false;
                    world.happens(Input::LauncherEnded { last: None });
                }
                Event::Stop => world.happens(Input::Stop),
                Event::Later(seconds) => world.fixture.second += seconds,
                _ => world.happens(Input::Tick),
            }
        }
        world.happens(Input::Stop);
        for _ in 0..3 {
            if world.fixture.life.next_tick().is_some() {
                let actions = world.fixture.ticks();
                world.carry_out(actions);
            }
        }
        prop_assert!(world.fixture.phase().is_over());
        prop_assert_eq!(world.fixture.life.next_tick(), None);
    }
}
