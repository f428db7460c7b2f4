use super::*;
use crate::participant::Permission;

const AGENT: ParticipantId = ParticipantId(1);
const ANNA: ParticipantId = ParticipantId(2);
const BERND: ParticipantId = ParticipantId(3);
const GUEST: ParticipantId = ParticipantId(4);
const SECOND_AGENT: ParticipantId = ParticipantId(5);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn desktop() -> Control {
    let mut control = Control::new(Patience::default());
    for (id, kind, name, permission) in [
        (AGENT, Kind::Agent, "Builder", Permission::MayControl),
        (ANNA, Kind::Person, "Anna", Permission::MayControl),
        (BERND, Kind::Person, "Bernd", Permission::MayControl),
        (GUEST, Kind::Person, "Guest", Permission::ViewOnly),
        (SECOND_AGENT, Kind::Agent, "Tester", Permission::MayControl),
    ] {
        control.join(Participant::new(id, kind, name, permission)).unwrap();
    }
    control
}

/// A desktop that this one holds since second 0.
fn held_by(id: ParticipantId) -> Control {
    let mut control = desktop();
    assert_eq!(control.input(id, s(0)), Verdict::AcceptedNewHolder);
    events(&mut control);
    control
}

fn events(control: &mut Control) -> Vec<ControlEvent> {
    std::iter::from_fn(|| control.poll_event()).collect()
}

fn holder(control: &Control) -> Option<ParticipantId> {
    control.holder().map(Participant::id)
}

fn changed(from: Option<ParticipantId>, to: Option<ParticipantId>, cause: Cause) -> ControlEvent {
    ControlEvent::HolderChanged { from, to, cause }
}

#[test]
fn the_first_input_takes_what_nobody_holds() {
    let mut control = desktop();
    assert_eq!(control.view_for(ANNA).you, Standing::Free);
    assert_eq!(control.input(ANNA, s(1)), Verdict::AcceptedNewHolder);
    assert_eq!(control.input(ANNA, s(1)), Verdict::Accepted);
    assert_eq!(events(&mut control), [changed(None, Some(ANNA), Cause::WasFree)]);
    assert_eq!(control.view_for(ANNA).you, Standing::Holding);
}

#[test]
fn input_of_another_is_answered_with_the_holders_name() {
    let mut control = held_by(ANNA);
    let Verdict::Refused(refusal) = control.input(BERND, s(1)) else { panic!("accepted") };
    assert_eq!(refusal, Refusal::HeldByPerson("Anna".to_owned()));
    assert!(refusal.to_string().starts_with("Anna is using"), "{refusal}");
    assert_eq!(held_by(AGENT).input(ANNA, s(1)), Verdict::Refused(Refusal::HeldByAgent("Builder".to_owned())));
    assert_eq!(control.view_for(BERND).you, Standing::Watching);
}

#[test]
fn who_may_only_view_never_holds() {
    let mut control = desktop();
    assert_eq!(control.input(GUEST, s(1)), Verdict::Refused(Refusal::ViewOnly));
    assert_eq!(control.take(GUEST, s(1)), Err(Refusal::ViewOnly));
    assert_eq!(control.request(GUEST, s(1)), Err(Refusal::ViewOnly));
    assert_eq!(control.view_for(GUEST).you, Standing::ViewOnly);
    assert_eq!(control.input(ParticipantId(99), s(1)), Verdict::Refused(Refusal::Stranger));
}

#[test]
fn a_person_takes_from_an_agent_at_any_time_and_it_goes_back_at_the_end() {
    let mut control = held_by(AGENT);
    control.take(ANNA, s(1)).unwrap();
    control.release(ANNA, s(2)).unwrap();
    let expected = [changed(Some(AGENT), Some(ANNA), Cause::Taken), changed(Some(ANNA), Some(AGENT), Cause::Released)];
    assert_eq!(events(&mut control), expected);
}

#[test]
fn it_goes_back_to_the_agent_through_several_people() {
    let mut control = held_by(AGENT);
    control.take(ANNA, s(1)).unwrap();
    control.request(BERND, s(2)).unwrap();
    control.grant(ANNA, BERND, s(3)).unwrap();
    control.leave(BERND, s(4));
    assert_eq!(holder(&control), Some(AGENT));
}

#[test]
fn it_goes_back_to_nobody_when_the_agent_is_gone_or_gave_it_up() {
    let mut control = held_by(AGENT);
    control.take(ANNA, s(1)).unwrap();
    control.leave(AGENT, s(2));
    control.release(ANNA, s(3)).unwrap();
    assert_eq!(holder(&control), None);

    let mut control = held_by(AGENT);
    control.request(ANNA, s(1)).unwrap();
    control.release(AGENT, s(2)).unwrap();
    assert_eq!(holder(&control), Some(ANNA));
    control.release(ANNA, s(3)).unwrap();
    assert_eq!(holder(&control), None);
}

#[test]
fn a_person_takes_from_a_person_who_is_idle_only() {
    let mut control = held_by(ANNA);
    control.input(ANNA, s(10));
    let refusal = Refusal::NotIdle { holder: "Anna".to_owned(), idle_after: s(30) };
    assert_eq!(control.take(BERND, s(39)), Err(refusal));
    assert_eq!(control.take(BERND, s(40)), Ok(()));
    assert_eq!(holder(&control), Some(BERND));
}

#[test]
fn an_agent_takes_from_nobody() {
    for other in [ANNA, AGENT] {
        let mut control = held_by(other);
        assert!(matches!(control.take(SECOND_AGENT, s(200)), Err(Refusal::AgentsAsk(_))));
        assert_eq!(holder(&control), Some(other));
    }
    let mut control = desktop();
    control.take(AGENT, s(1)).unwrap();
    assert_eq!(holder(&control), Some(AGENT));
}

#[test]
fn the_holder_grants_and_denies() {
    let mut control = held_by(ANNA);
    control.request(AGENT, s(1)).unwrap();
    control.request(BERND, s(1)).unwrap();
    control.request(BERND, s(2)).unwrap();
    assert_eq!(control.view_for(ANNA).waiting.len(), 2);
    control.deny(ANNA, AGENT, s(2)).unwrap();
    control.grant(ANNA, BERND, s(3)).unwrap();
    let expected = [
        ControlEvent::Requested { by: AGENT },
        ControlEvent::Requested { by: BERND },
        ControlEvent::Denied { to: AGENT, reason: Refusal::Kept("Anna".to_owned()) },
        changed(Some(ANNA), Some(BERND), Cause::Granted),
    ];
    assert_eq!(events(&mut control), expected);
    assert!(control.view_for(ANNA).waiting.is_empty());
}

#[test]
fn only_the_holder_decides_and_only_about_who_waits() {
    let mut control = held_by(ANNA);
    control.request(AGENT, s(1)).unwrap();
    assert_eq!(control.grant(BERND, AGENT, s(1)), Err(Refusal::NotYours("Anna".to_owned())));
    assert_eq!(control.grant(ANNA, BERND, s(1)), Err(Refusal::NotWaiting));
    assert_eq!(desktop().deny(ANNA, BERND, s(1)), Err(Refusal::NobodyHolds));
    assert_eq!(holder(&control), Some(ANNA));
}

#[test]
fn a_request_to_an_idle_holder_is_granted_in_time() {
    let mut control = held_by(ANNA);
    control.request(AGENT, s(5)).unwrap();
    assert_eq!(control.next_deadline(), Some(s(35)));
    control.poll_timeout(s(34));
    assert_eq!(holder(&control), Some(ANNA));
    control.poll_timeout(s(35));
    assert_eq!(events(&mut control)[1..], [changed(Some(ANNA), Some(AGENT), Cause::NotAnswered)]);
}

#[test]
fn a_request_to_a_busy_holder_is_denied_in_time() {
    let mut control = held_by(ANNA);
    control.request(AGENT, s(5)).unwrap();
    control.input(ANNA, s(6));
    control.poll_timeout(s(35));
    let denied = ControlEvent::Denied { to: AGENT, reason: Refusal::NotAnswered("Anna".to_owned()) };
    assert_eq!(events(&mut control)[1..], [denied]);
}

#[test]
fn who_waits_comes_before_the_agent_it_was_taken_from() {
    let mut control = held_by(AGENT);
    control.take(ANNA, s(1)).unwrap();
    control.request(BERND, s(2)).unwrap();
    control.release(ANNA, s(3)).unwrap();
    assert_eq!(holder(&control), Some(BERND));
    control.release(BERND, s(4)).unwrap();
    assert_eq!(holder(&control), Some(AGENT));
}

#[test]
fn a_request_is_withdrawn_by_its_release_and_by_its_end() {
    let mut control = held_by(ANNA);
    for end in [Control::release as fn(&mut Control, _, _) -> _, |control, id, now| {
        control.leave(id, now);
        Ok(())
    }] {
        control.request(BERND, s(1)).unwrap();
        end(&mut control, BERND, s(2)).unwrap();
        let expected = [ControlEvent::Requested { by: BERND }, ControlEvent::Withdrawn { by: BERND }];
        assert_eq!(events(&mut control), expected);
    }
    assert_eq!(control.release(AGENT, s(3)), Err(Refusal::NotYours("Anna".to_owned())));
}

#[test]
fn a_person_who_does_nothing_for_long_lets_go_and_an_agent_does_not() {
    let mut control = held_by(ANNA);
    assert_eq!(control.next_deadline(), Some(s(300)));
    control.poll_timeout(s(300));
    assert_eq!(events(&mut control), [changed(Some(ANNA), None, Cause::LetGo)]);
    assert_eq!(held_by(AGENT).next_deadline(), None);
}

#[test]
fn what_was_due_before_an_input_is_done_before_it() {
    let mut control = held_by(AGENT);
    control.take(ANNA, s(1)).unwrap();
    assert_eq!(control.input(ANNA, s(301)), Verdict::Refused(Refusal::HeldByAgent("Builder".to_owned())));
}

#[test]
fn time_that_runs_backward_changes_nothing() {
    let mut control = held_by(ANNA);
    control.input(ANNA, s(100));
    control.input(ANNA, s(50));
    assert_eq!(control.next_deadline(), Some(s(400)));
}

#[test]
fn names_are_cut_and_never_empty() {
    let named = |name| Participant::new(ANNA, Kind::Person, name, Permission::MayControl).name().to_owned();
    assert_eq!(named(" An\u{7}na\n"), "Anna");
    assert_eq!(named("\n"), "somebody");
    assert_eq!(named(&"ü".repeat(200)).chars().count(), Participant::MAX_NAME);
}

#[test]
fn a_number_joins_once_and_not_everybody_fits() {
    let mut control = Control::new(Patience::default());
    let join = |control: &mut Control, id| {
        control.join(Participant::new(ParticipantId(id), Kind::Person, "", Permission::ViewOnly))
    };
    assert_eq!(join(&mut control, 0), Ok(()));
    assert_eq!(join(&mut control, 0), Err(Refusal::AlreadyHere));
    assert!((1..1024).all(|id| join(&mut control, id).is_ok()));
    assert_eq!(join(&mut control, 1024), Err(Refusal::Full(1024)));
}
