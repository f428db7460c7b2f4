//! Wheels: notches in, the kernel's two units out.

use lunette_sys_uinput::{Event, Relative};

/// Fine units of a notch.
const FINE: f64 = 120.0;

/// One wheel. What is too little for a unit is kept.
#[derive(Debug)]
pub(crate) struct Wheel {
    fine: Relative,
    coarse: Relative,
    /// Fine units that were not told yet, below 1.
    rest: f64,
    /// Fine units that were told since the last whole notch.
    turned: i32,
}

impl Wheel {
    /// Turned away from the user it counts up.
    pub(crate) const fn vertical() -> Self {
        Self { fine: Relative::WHEEL_HI_RES, coarse: Relative::WHEEL, rest: 0.0, turned: 0 }
    }

    /// To the right it counts up.
    pub(crate) const fn horizontal() -> Self {
        Self { fine: Relative::HWHEEL_HI_RES, coarse: Relative::HWHEEL, rest: 0.0, turned: 0 }
    }

    /// The events of a turn. A turn the other way begins a notch anew, as real wheels do.
    pub(crate) fn turn(&mut self, notches: f64) -> Vec<Event> {
        let fine = whole(&mut self.rest, notches * FINE);
        if fine == 0 {
            return Vec::new();
        }
        if fine.signum() != self.turned.signum() {
            self.turned = 0;
        }
        self.turned += fine;
        let coarse = self.turned / 120;
        self.turned %= 120;
        let coarse = (coarse != 0).then_some(Event::Relative(self.coarse, coarse));
        coarse.into_iter().chain([Event::Relative(self.fine, fine)]).collect()
    }
}

/// The whole part of `rest` and `more`; the rest stays in `rest`.
#[expect(clippy::cast_possible_truncation, reason = "lines are capped far below what an i32 holds")]
pub(crate) fn whole(rest: &mut f64, more: f64) -> i32 {
    // A tenth is no binary fraction: ten of them must make one.
    let sum = ((*rest + more) * 1e6).round() / 1e6;
    *rest = sum.fract();
    sum.trunc() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(value: i32) -> Event {
        Event::Relative(Relative::WHEEL, value)
    }

    fn fine(value: i32) -> Event {
        Event::Relative(Relative::WHEEL_HI_RES, value)
    }

    #[test]
    fn a_notch_is_told_in_both_units() {
        assert_eq!(Wheel::vertical().turn(1.0), [wheel(1), fine(120)]);
        assert_eq!(Wheel::vertical().turn(-3.0), [wheel(-3), fine(-360)]);
        let side = [Event::Relative(Relative::HWHEEL, 1), Event::Relative(Relative::HWHEEL_HI_RES, 120)];
        assert_eq!(Wheel::horizontal().turn(1.0), side);
    }

    #[test]
    fn parts_of_a_notch_add_up() {
        let mut turning = Wheel::vertical();
        assert_eq!(turning.turn(0.5), [fine(60)]);
        assert_eq!(turning.turn(0.25), [fine(30)]);
        assert_eq!(turning.turn(0.25), [wheel(1), fine(30)]);
        assert_eq!(turning.turn(0.004), []);
        assert_eq!(turning.turn(0.005), [fine(1)]);
    }

    #[test]
    fn ten_tenths_are_one() {
        let mut rest = 0.0;
        assert_eq!((0..10).map(|_| whole(&mut rest, 0.1)).sum::<i32>(), 1);
        assert_eq!((0..10).map(|_| whole(&mut rest, -0.1)).sum::<i32>(), -1);
    }

    #[test]
    fn turning_back_begins_a_notch_anew() {
        let mut turning = Wheel::vertical();
        assert_eq!(turning.turn(0.9), [fine(108)]);
        assert_eq!(turning.turn(-0.2), [fine(-24)]);
        assert_eq!(turning.turn(-0.8), [wheel(-1), fine(-96)]);
    }
}
