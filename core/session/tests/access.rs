//! Who may do what, against a rule that is written down once more.

use std::collections::BTreeMap;

use lunette_frame::ScanoutId;
use lunette_session::{Access, NotAllowed, Right, Wish};
use lunette_wire::Token;
use proptest::prelude::*;

const SECRET: Token = Token::new([0; 32]);
const LEASE: Token = Token::new([1; 32]);
const OTHER: Token = Token::new([2; 32]);
const SCANOUT: ScanoutId = ScanoutId::new(3);
const NEIGHBOUR: ScanoutId = ScanoutId::new(4);

const WISHES: [fn(ScanoutId) -> Wish; 5] = [Wish::Subscribe, Wish::Status, Wish::Enable, Wish::Disable, Wish::Grant];

fn leased() -> Access {
    let mut access = Access::strict(SECRET);
    assert!(access.grant(SCANOUT, LEASE));
    access
}

#[test]
fn the_secret_may_do_everything() {
    for wish in WISHES {
        assert_eq!(leased().judge(wish(NEIGHBOUR), Some(&SECRET)), Ok(Right::Unlimited));
    }
}

#[test]
fn a_lease_watches_and_resizes_its_own_scanout_and_nothing_else() {
    let judge = |wish| leased().judge(wish, Some(&LEASE));
    assert_eq!(judge(Wish::Subscribe(SCANOUT)), Ok(Right::Lease));
    assert_eq!(judge(Wish::Status(SCANOUT)), Ok(Right::Lease));
    assert_eq!(judge(Wish::Enable(SCANOUT)), Ok(Right::Lease));
    assert_eq!(judge(Wish::Subscribe(NEIGHBOUR)), Err(NotAllowed::NeedsLease));
    assert_eq!(judge(Wish::Status(NEIGHBOUR)), Err(NotAllowed::NeedsLease));
    assert_eq!(judge(Wish::Enable(NEIGHBOUR)), Err(NotAllowed::NeedsLease));
    assert_eq!(judge(Wish::Disable(SCANOUT)), Err(NotAllowed::NeedsSecret));
    assert_eq!(judge(Wish::Grant(SCANOUT)), Err(NotAllowed::NeedsSecret));
}

#[test]
fn no_token_owns_a_scanout_that_nobody_owns() {
    for wish in WISHES {
        assert!(Access::strict(SECRET).judge(wish(SCANOUT), None).is_err());
        assert!(leased().judge(wish(SCANOUT), None).is_err());
    }
}

#[test]
fn a_new_grant_ends_the_old_one() {
    let mut access = leased();
    assert!(access.grant(SCANOUT, OTHER));
    assert!(access.judge(Wish::Subscribe(SCANOUT), Some(&LEASE)).is_err());
    assert!(access.judge(Wish::Subscribe(SCANOUT), Some(&OTHER)).is_ok());
}

#[test]
fn a_repeated_grant_changes_nothing() {
    assert!(!leased().grant(SCANOUT, LEASE));
}

#[test]
fn known_tokens_are_the_secret_and_the_granted_ones() {
    let mut access = leased();
    assert!(access.knows(&SECRET) && access.knows(&LEASE) && !access.knows(&OTHER));
    access.revoke_all();
    assert!(access.knows(&SECRET) && !access.knows(&LEASE));
}

#[test]
fn an_open_host_asks_nobody_and_keeps_nothing() {
    let mut access = Access::open();
    assert!(!access.grant(SCANOUT, LEASE));
    assert_eq!(access.granted(), 0);
    for (wish, shown) in WISHES.iter().zip([None, Some(&OTHER), None, Some(&LEASE), None]) {
        assert_eq!(access.judge(wish(SCANOUT), shown), Ok(Right::Unlimited));
    }
}

#[test]
fn a_refusal_fits_the_reply_whole() {
    for refusal in [NotAllowed::NeedsLease, NotAllowed::Busy, NotAllowed::NeedsSecret] {
        let text = refusal.to_string();
        assert!(text.starts_with("not allowed: ") && text.len() < 64, "{text}");
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Grant(u16, u8),
    Revoke(u16),
    RevokeAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4u16, 1..6u8).prop_map(|(scanout, token)| Step::Grant(scanout, token)),
        3 => (0..4u16).prop_map(Step::Revoke),
        1 => Just(Step::RevokeAll),
    ]
}

proptest! {
    /// Whatever was granted and revoked: the last grant of a scanout counts, for that scanout alone.
    #[test]
    fn only_the_last_grant_counts(steps in prop::collection::vec(step(), 0..40)) {
        let (mut access, mut owners) = (Access::strict(SECRET), BTreeMap::new());
        for step in steps {
            match step {
                Step::Grant(scanout, token) => {
                    let changed = access.grant(ScanoutId::new(scanout), Token::new([token; 32]));
                    prop_assert_eq!(changed, owners.insert(scanout, token) != Some(token));
                }
                Step::Revoke(scanout) => {
                    prop_assert_eq!(access.revoke(ScanoutId::new(scanout)), owners.remove(&scanout).is_some());
                }
                Step::RevokeAll => {
                    access.revoke_all();
                    owners.clear();
                }
            }
        }
        prop_assert_eq!(access.granted(), owners.len());
        for (scanout, token) in (0..5u16).flat_map(|scanout| (0..7u8).map(move |token| (scanout, token))) {
            let (shown, secret, owns) = (Token::new([token; 32]), token == 0, owners.get(&scanout) == Some(&token));
            for wish in WISHES.map(|wish| wish(ScanoutId::new(scanout))) {
                let leasable = matches!(wish, Wish::Subscribe(_) | Wish::Status(_) | Wish::Enable(_));
                prop_assert_eq!(access.judge(wish, Some(&shown)).is_ok(), secret || owns && leasable);
                prop_assert!(access.judge(wish, None).is_err());
            }
            prop_assert_eq!(access.is_unlimited(&shown), secret);
            prop_assert_eq!(access.knows(&shown), secret || owners.values().any(|owner| *owner == token));
        }
    }
}
