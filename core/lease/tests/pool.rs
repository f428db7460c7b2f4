//! The pool against a model of its world: hosts that refuse, forget and vanish, guests that see nothing, clients that
//! die at any moment.

mod model;

use std::time::Duration;

use lunette_lease::{Input, Stage, Timing};
use model::{Step, World, steps};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_double_grant_no_leak_and_one_answer_whatever_dies_whenever(steps in steps()) {
        let mut world = World::new(3);
        for step in steps {
            world.take(&step);
        }
        world.every_request_is_answered_in_time();
        world.everything_is_given_back();
    }
}

#[test]
fn a_manager_that_dies_costs_nobody_a_lease_and_the_next_tells_the_host() {
    let mut world = World::new(3);
    world.calm();
    assert_eq!((world.lease(), world.lease()), (Some(1), Some(2)));
    world.take(&Step::Request { light: false });
    world.take(&Step::Crash { effects: 0, connected: true });
    world.take(&Step::Looked);
    assert_eq!((world.owner_of(1), world.owner_of(2)), (Some(0), Some(1)));
    assert_eq!([world.stage(1), world.stage(2), world.stage(3)], [Stage::Leased, Stage::Leased, Stage::Draining]);
    assert_eq!(world.pool.counters().restored, 2);
    world.take(&Step::HostBack);
    assert_eq!(world.waiting_plugs(), [1, 2], "they are told again, and 3 is unplugged");
    world.calm();
    assert_eq!((world.lease(), world.lease()), (Some(3), None));
}

#[test]
fn a_restored_lease_ends_with_its_connection() {
    let mut world = World::new(1);
    world.calm();
    world.lease();
    world.take(&Step::Crash { effects: 0, connected: false });
    world.take(&Step::Looked);
    world.take(&Step::Gone(0));
    assert_eq!((world.stage(1), world.revoked()), (Stage::Draining, 1));
}

#[test]
fn a_freed_output_is_used_last() {
    let mut world = World::new(3);
    world.calm();
    assert_eq!(world.lease(), Some(1));
    world.take(&Step::Gone(0));
    world.calm();
    assert_eq!([world.lease(), world.lease(), world.lease()], [Some(2), Some(3), Some(1)]);
    assert_eq!(world.lease(), None);
    assert_eq!(world.last_refusal(), "no scanouts available (all 3 in use)");
}

#[test]
fn who_asks_while_an_output_is_on_its_way_back_waits_for_it() {
    let mut world = World::new(1);
    world.calm();
    world.lease();
    world.take(&Step::Gone(0));
    world.take(&Step::Request { light: false });
    assert_eq!(world.refusals(), 0);
    world.calm();
    assert_eq!(world.owner_of(1), Some(1));
}

#[test]
fn a_hot_plug_that_the_guest_missed_is_nudged() {
    let mut world = World::new(1);
    world.take(&Step::HostBack);
    world.take(&Step::Request { light: false });
    world.take(&Step::AnswerHost(Ok(())));
    world.take(&Step::Advance(299));
    assert_eq!(world.pool.counters().nudges, 0);
    world.take(&Step::Advance(1));
    assert_eq!(world.pool.counters().nudges, 1);
    world.take(&Step::AnswerHost(Err(())));
    world.take(&Step::Advance(300));
    assert_eq!(world.pool.counters().nudges, 2, "also after one that the host refused");
}

#[test]
fn what_the_guest_noticed_before_the_answer_counts_for_one_output_in_order() {
    let mut world = World::new(3);
    world.take(&Step::HostBack);
    for look in [true, true, false] {
        world.take(&Step::Request { light: false });
        if look {
            world.take(&Step::Looked);
        }
    }
    for _ in 0..3 {
        world.take(&Step::AnswerHost(Ok(())));
    }
    assert_eq!([world.stage(1), world.stage(2), world.stage(3)], [Stage::Leasing, Stage::Leasing, Stage::Waiting]);
    world.take(&Step::Looked);
    assert_eq!(world.stage(3), Stage::Leasing);
}

#[test]
fn one_look_before_two_answers_is_not_enough_for_both() {
    let mut world = World::new(2);
    world.take(&Step::HostBack);
    world.take(&Step::Request { light: false });
    world.take(&Step::Request { light: false });
    world.take(&Step::Looked);
    world.take(&Step::AnswerHost(Ok(())));
    world.take(&Step::AnswerHost(Ok(())));
    assert_eq!((world.stage(1), world.stage(2)), (Stage::Leasing, Stage::Waiting));
}

#[test]
fn a_connector_that_was_connected_all_along_says_nothing() {
    let mut world = World::new(1);
    world.take(&Step::HostBack);
    world.take(&Step::Request { light: false });
    world.take(&Step::Connector(1, true));
    world.take(&Step::AnswerHost(Ok(())));
    world.take(&Step::Connector(1, true));
    assert_eq!(world.stage(1), Stage::Waiting);
    world.take(&Step::Connector(1, false));
    world.take(&Step::Connector(1, true));
    assert_eq!(world.stage(1), Stage::Leasing);
}

#[test]
fn a_connector_that_never_connects_is_refused_and_its_output_comes_back() {
    let mut world = World::new(1);
    world.take(&Step::HostBack);
    world.take(&Step::Request { light: false });
    world.take(&Step::AnswerHost(Ok(())));
    world.take(&Step::Advance(5000));
    assert_eq!(world.last_refusal(), "the connector was never connected");
    assert_eq!(world.stage(1), Stage::Draining);
    world.calm();
    assert_eq!(world.stage(1), Stage::Free);
}

#[test]
fn a_lost_host_is_named_within_the_deadline_and_waited_for_until_then() {
    let mut world = World::new(2);
    world.take(&Step::HostLost);
    world.take(&Step::Request { light: false });
    world.take(&Step::Advance(4999));
    assert_eq!(world.refusals(), 0);
    world.take(&Step::Advance(1));
    assert_eq!(world.last_refusal(), "host unreachable: connection refused");
    world.take(&Step::Request { light: false });
    world.take(&Step::HostBack);
    world.calm();
    assert_eq!(world.owner_of(2), Some(1));
}

#[test]
fn leases_outlive_the_host_and_are_plugged_again() {
    let mut world = World::new(2);
    world.calm();
    world.lease();
    world.take(&Step::HostLost);
    assert_eq!(world.owner_of(1), Some(0));
    world.take(&Step::HostBack);
    assert_eq!(world.waiting_plugs(), [1]);
    world.take(&Step::AnswerHost(Err(())));
    assert!(world.waiting_plugs().is_empty());
    world.take(&Step::Advance(1000));
    assert_eq!(world.waiting_plugs(), [1], "a refusal is not the last word");
    assert_eq!((world.owner_of(1), world.pool.counters().replugged), (Some(0), 2));
}

#[test]
fn a_failed_unplug_is_quarantined_and_tried_again() {
    let mut world = World::new(1);
    world.calm();
    world.lease();
    world.take(&Step::Gone(0));
    world.take(&Step::AnswerHost(Err(())));
    assert_eq!(world.stage(1), Stage::Quarantined);
    world.take(&Step::Advance(1000));
    assert_eq!(world.stage(1), Stage::Draining);
    world.take(&Step::AnswerHost(Err(())));
    world.take(&Step::Advance(1999));
    assert_eq!(world.stage(1), Stage::Quarantined);
    world.calm();
    world.take(&Step::Advance(1));
    world.calm();
    assert_eq!(world.stage(1), Stage::Free);
}

#[test]
fn only_its_owner_releases_a_lease() {
    let mut world = World::new(2);
    world.calm();
    world.lease();
    world.lease();
    world.take(&Step::Release { client: 1, scanout: 1 });
    world.take(&Step::Release { client: 7, scanout: 1 });
    assert_eq!((world.owner_of(1), world.pool.counters().foreign_releases), (Some(0), 2));
    world.take(&Step::Release { client: 0, scanout: 1 });
    assert_eq!((world.owner_of(1), world.owner_of(2)), (None, Some(1)));
}

#[test]
fn a_lease_that_the_kernel_made_for_nobody_is_revoked() {
    let mut world = World::new(1);
    world.take(&Step::HostBack);
    world.take(&Step::Request { light: true });
    world.take(&Step::AnswerHost(Ok(())));
    world.take(&Step::Looked);
    world.take(&Step::Gone(0));
    assert_eq!(world.stage(1), Stage::Abandoned);
    world.take(&Step::AnswerKernel(true));
    assert_eq!((world.stage(1), world.revoked()), (Stage::Draining, 1));
}

#[test]
fn an_output_that_was_connected_at_the_start_is_unplugged_before_its_use() {
    let mut world = World::with_connected(2, &[1]);
    assert_eq!(world.stage(1), Stage::Draining);
    world.take(&Step::HostBack);
    world.take(&Step::Request { light: false });
    assert_eq!(world.waiting_plugs(), [2]);
    world.calm();
    assert_eq!(world.stage(1), Stage::Free);
}

#[test]
fn closing_refuses_revokes_and_unplugs_everything() {
    let mut world = World::new(3);
    world.calm();
    world.lease();
    world.take(&Step::Request { light: false });
    world.feed(Input::Closing);
    assert_eq!(world.last_refusal(), "the lease manager is shutting down");
    world.take(&Step::Request { light: false });
    assert_eq!((world.refusals(), world.revoked(), world.pool.is_idle()), (2, 1, false));
    world.calm();
    assert!(world.pool.is_idle());
}

#[test]
fn impossible_sizes_never_reach_the_host() {
    let mut world = World::new(1);
    world.take(&Step::HostBack);
    world.request(u32::MAX, 1080, false);
    world.request(1920, 8193, false);
    assert_eq!(world.last_refusal(), "no output can show 1920x8193");
    assert!(world.waiting_plugs().is_empty());
}

#[test]
fn an_idle_pool_needs_no_tick() {
    let mut world = World::new(2);
    assert_eq!(world.pool.next_tick(), None);
    world.calm();
    world.lease();
    assert_eq!(world.pool.next_tick(), None);
    assert_eq!(Timing::default().answer, Duration::from_secs(5));
}
