//! How the hops between a scanout and this program are doing, from what arrived and from what frame-export says.

use std::time::Duration;

use lunette_wire::hxfr::{EncoderStanding, Presence, Standing};
use lunette_wire::stream::{Hop, HopReport, HopState};

/// A picture that is younger says that all is well.
const FRESH: Duration = Duration::from_secs(1);
/// What should have been handed on by now.
const OVERDUE: Duration = Duration::from_secs(2);
/// What frame-export said longer ago tells nothing any more.
pub(super) const STALE: Duration = Duration::from_secs(6);

/// What frame-export said of the scanout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// That this may not be known.
    Nothing,
    /// How it is doing.
    Standing(Standing),
}

/// All that is known.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// Whether there is a subscription.
    pub(super) is_up: bool,
    /// Why there is none.
    pub(super) down: Option<String>,
    /// Pictures that arrived.
    pub(super) pictures: u64,
    /// Since the last of them.
    pub(super) age: Option<Duration>,
    /// What frame-export said, and how long ago.
    pub(super) told: Option<(Duration, Told)>,
    /// Whether no viewer takes pictures, so that none is made.
    pub(super) is_held: bool,
}

impl Sight {
    /// Capture, encoder and network, in this order; fewer where nothing is known of the rest.
    pub(super) fn report(&self) -> Vec<HopReport> {
        if !self.is_up {
            let state = if self.down.is_some() { HopState::Down } else { HopState::Unknown };
            return vec![self.hop(Hop::Capture, state, self.down.clone())];
        }
        match self.told {
            Some((ago, Told::Standing(standing))) if ago < STALE => self.by_standing(&standing, ago),
            Some((_, Told::Nothing)) | None => self.by_arrivals(),
            Some(_) if self.is_fresh() => self.by_arrivals(),
            Some(_) => vec![self.hop(Hop::Capture, HopState::Silent, Some("frame-export does not answer".to_owned()))],
        }
    }

    fn by_arrivals(&self) -> Vec<HopReport> {
        let state = match self.age {
            Some(_) if self.is_fresh() => HopState::Ok,
            Some(_) => HopState::Still,
            None => HopState::Unknown,
        };
        [Hop::Capture, Hop::Encoder, Hop::Network].map(|hop| self.hop(hop, state, None)).into()
    }

    fn by_standing(&self, standing: &Standing, ago: Duration) -> Vec<HopReport> {
        let capture = capture(standing, ago);
        if capture.state == HopState::Down {
            return vec![capture];
        }
        let mut hops = vec![capture];
        if let Some(encoder) = &standing.encoder {
            hops.push(self.encoder(encoder, ago));
            hops.push(self.network(encoder, ago));
        }
        hops
    }

    fn encoder(&self, encoder: &EncoderStanding, ago: Duration) -> HopReport {
        let (unit, change) = (age(encoder.age_ms, ago), age(encoder.change_ms, ago));
        let is_owed = change.is_some_and(|change| change > OVERDUE && unit.is_none_or(|unit| unit > change + OVERDUE));
        let (state, why) = match unit {
            _ if is_owed && !self.is_held => {
                (HopState::Silent, Some("the picture has changed and was not encoded".to_owned()))
            }
            Some(unit) if unit < FRESH => (HopState::Ok, None),
            _ => (HopState::Still, None),
        };
        HopReport { hop: Hop::Encoder, state, frame: Some(encoder.units), age_ms: unit.map(millis), why }
    }

    fn network(&self, encoder: &EncoderStanding, ago: Duration) -> HopReport {
        let sent = age(encoder.age_ms, ago);
        let is_owed =
            sent.is_some_and(|sent| sent > OVERDUE && self.age.is_none_or(|arrived| arrived > sent + OVERDUE));
        let (state, why) = match self.age {
            _ if is_owed => (HopState::Silent, Some("pictures leave frame-export and do not arrive".to_owned())),
            Some(_) if self.is_fresh() => (HopState::Ok, None),
            _ => (HopState::Still, None),
        };
        self.hop(Hop::Network, state, why)
    }

    fn is_fresh(&self) -> bool {
        self.age.is_some_and(|age| age < FRESH)
    }

    fn hop(&self, hop: Hop, state: HopState, why: Option<String>) -> HopReport {
        HopReport { hop, state, frame: Some(self.pictures), age_ms: self.age.map(millis), why }
    }
}

fn capture(standing: &Standing, ago: Duration) -> HopReport {
    let drawn = age(standing.age_ms, ago);
    let (state, why) = match (standing.presence, drawn) {
        (Presence::Absent, _) => (HopState::Down, Some("the virtual machine has no such screen any more")),
        (Presence::Off, _) => (HopState::Down, Some("the screen is switched off")),
        (_, None) => (HopState::Silent, Some("nothing was drawn yet")),
        (_, Some(drawn)) if drawn < FRESH => (HopState::Ok, None),
        (_, Some(_)) => (HopState::Still, None),
    };
    let frame = Some(standing.pictures);
    HopReport { hop: Hop::Capture, state, frame, age_ms: drawn.map(millis), why: why.map(str::to_owned) }
}

/// An age that was told `ago`, as it is now.
fn age(told_ms: Option<u32>, ago: Duration) -> Option<Duration> {
    told_ms.map(|ms| Duration::from_millis(ms.into()) + ago)
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn standing(age_ms: u32, unit_ms: u32, change_ms: u32) -> Standing {
        let encoder =
            EncoderStanding { units: 40, age_ms: Some(unit_ms), change_ms: Some(change_ms), latency_us: None };
        Standing {
            presence: Presence::On,
            age_ms: Some(age_ms),
            pictures: 50,
            encoder: Some(encoder),
            ..Standing::default()
        }
    }

    fn sight(arrived_ms: u64, standing: Standing) -> Sight {
        Sight {
            is_up: true,
            down: None,
            pictures: 30,
            age: Some(Duration::from_millis(arrived_ms)),
            told: Some((NOW, Told::Standing(standing))),
            is_held: false,
        }
    }

    fn states(sight: &Sight) -> Vec<(Hop, HopState)> {
        sight.report().into_iter().map(|hop| (hop.hop, hop.state)).collect()
    }

    #[test]
    fn all_is_well_while_pictures_come() {
        let states = states(&sight(15, standing(20, 18, 20)));
        assert_eq!(states, [(Hop::Capture, HopState::Ok), (Hop::Encoder, HopState::Ok), (Hop::Network, HopState::Ok)]);
    }

    #[test]
    fn a_still_desktop_is_still_at_every_hop_and_no_complaint() {
        let states = states(&sight(60_000, standing(60_020, 60_010, 60_020)));
        assert!(states.iter().all(|(_, state)| *state == HopState::Still), "{states:?}");
    }

    #[test]
    fn a_picture_drawn_without_a_change_is_owed_by_nobody() {
        let states = states(&sight(60_000, standing(10, 60_010, 60_020)));
        assert_eq!(states[1].1, HopState::Still);
    }

    #[test]
    fn the_hop_that_has_a_change_and_hands_nothing_on_is_the_silent_one() {
        let stuck = sight(9000, standing(3000, 9000, 3000));
        assert_eq!(states(&stuck)[1], (Hop::Encoder, HopState::Silent));
        assert_eq!(stuck.report()[1].frame, Some(40));
        let lost = sight(9000, standing(3000, 2900, 3000));
        assert_eq!(states(&lost)[1..], [(Hop::Encoder, HopState::Still), (Hop::Network, HopState::Silent)]);
    }

    #[test]
    fn what_nobody_takes_is_not_owed() {
        let held = Sight { is_held: true, ..sight(9000, standing(3000, 9000, 3000)) };
        assert_eq!(states(&held)[1].1, HopState::Still);
    }

    #[test]
    fn a_screen_that_is_off_or_gone_ends_the_list_with_the_reason() {
        for presence in [Presence::Off, Presence::Absent] {
            let report = sight(10, Standing { presence, ..standing(10, 10, 10) }).report();
            assert_eq!((report.len(), report[0].state), (1, HopState::Down));
            assert!(report[0].why.is_some());
        }
    }

    #[test]
    fn nothing_drawn_yet_is_said() {
        let nothing = Standing { age_ms: None, ..standing(0, 0, 0) };
        assert_eq!(sight(10, nothing).report()[0].why.as_deref(), Some("nothing was drawn yet"));
    }

    #[test]
    fn a_frame_export_that_stopped_answering_is_silent() {
        let old = Sight { told: Some((STALE, Told::Standing(standing(1, 1, 1)))), ..sight(9000, standing(1, 1, 1)) };
        assert_eq!(states(&old), [(Hop::Capture, HopState::Silent)]);
    }

    #[test]
    fn without_a_subscription_the_reason_is_all_there_is() {
        let down = Sight { is_up: false, down: Some("refused".to_owned()), ..sight(1, standing(1, 1, 1)) };
        assert_eq!(down.report()[0].why.as_deref(), Some("refused"));
        let idle = Sight { is_up: false, down: None, ..down };
        assert_eq!(states(&idle), [(Hop::Capture, HopState::Unknown)]);
    }

    #[test]
    fn who_may_not_know_goes_by_what_arrives() {
        let blind = Sight { told: Some((NOW, Told::Nothing)), ..sight(10, standing(1, 1, 1)) };
        assert!(states(&blind).iter().all(|(_, state)| *state == HopState::Ok));
    }
}
