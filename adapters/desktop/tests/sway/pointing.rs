//! Where the pointer lands, what its buttons and wheels do.

use anyhow::{Result, ensure};
use lunette_desktop_session::InputSink;
use lunette_frame::Size;
use lunette_input_events::{Event, Fraction, PointerButton, Scroll, ScrollKind, TouchPhase};
use wayland_client::protocol::wl_pointer::{Axis, AxisSource};

use crate::common::witness::{Seen, Witness};
use crate::fixture::{Sway, with, with_scale};

fn fraction(at: u32, length: u32) -> Fraction {
    Fraction::new((f64::from(at) + 0.5) / f64::from(length)).unwrap()
}

fn move_to(x: u32, y: u32) -> Event {
    Event::MoveTo { x: fraction(x, Sway::WIDTH), y: fraction(y, Sway::HEIGHT) }
}

fn button(down: bool) -> Event {
    Event::Button { button: PointerButton::LEFT, down }
}

fn click(sink: &mut impl InputSink) -> Result<()> {
    sink.send(&button(true))?;
    sink.send(&button(false))?;
    Ok(sink.flush()?)
}

/// Clicks on a grid of pixels of the picture; each must land on that pixel.
fn clicks_land(sway: &Sway, scale: f64) -> Result<()> {
    let mut sink = sway.sink()?;
    let witness = Witness::show(&sway.display)?;
    witness.settle(&mut sink)?;
    for x in (3..Sway::WIDTH).step_by(211) {
        for y in (3..Sway::HEIGHT).step_by(117) {
            sink.send(&move_to(x, y))?;
            click(&mut sink)?;
            let mut at = None;
            witness.find(|seen| match seen {
                Seen::At(x, y) => {
                    at = Some((x * scale, y * scale));
                    None
                }
                Seen::Button(_, false) => Some(()),
                _ => None,
            })?;
            let (seen_x, seen_y) = at.unwrap();
            // A coordinate on the wire has 8 bits behind the point.
            let is_near = |seen: f64, wanted: u32| (seen - f64::from(wanted) - 0.5).abs() < 0.5;
            ensure!(is_near(seen_x, x) && is_near(seen_y, y), "{x},{y} landed on {seen_x},{seen_y}");
        }
    }
    Ok(())
}

#[test]
fn clicks_land_on_their_pixel_at_scale_1() {
    with_scale("clicks_land_on_their_pixel_at_scale_1", &[], "1", |sway| clicks_land(sway, 1.0));
}

#[test]
fn clicks_land_on_their_pixel_at_scale_1_5() {
    with_scale("clicks_land_on_their_pixel_at_scale_1_5", &[], "1.5", |sway| clicks_land(sway, 1.5));
}

#[test]
fn clicks_land_on_their_pixel_at_scale_2() {
    with_scale("clicks_land_on_their_pixel_at_scale_2", &[], "2", |sway| clicks_land(sway, 2.0));
}

#[test]
fn relative_moves_are_pixels_of_the_picture() {
    with_scale("relative_moves_are_pixels_of_the_picture", &[], "2", |sway| {
        let mut sink = sway.sink()?;
        sink.set_picture_size(Size::new(Sway::WIDTH, Sway::HEIGHT));
        let witness = Witness::show(&sway.display)?;
        witness.settle(&mut sink)?;
        sink.send(&move_to(200, 200))?;
        let start = witness.find(|seen| match seen {
            Seen::At(x, y) => Some((x, y)),
            _ => None,
        })?;
        sink.send(&Event::MoveBy { dx: 30.0, dy: -12.0 })?;
        let moved = witness.find(|seen| match seen {
            Seen::At(x, y) => Some((x - start.0, y - start.1)),
            _ => None,
        })?;
        ensure!((moved.0 - 15.0).abs() < 0.1 && (moved.1 + 6.0).abs() < 0.1, "{moved:?}");
        Ok(())
    });
}

#[test]
fn a_wheel_is_a_wheel_and_never_stops() {
    with("a_wheel_is_a_wheel_and_never_stops", &[], |sway| {
        let mut sink = sway.sink()?;
        let witness = Witness::show(&sway.display)?;
        witness.settle(&mut sink)?;
        for (dx, dy) in [(0.0, 1.0), (0.0, -2.0), (1.0, 0.0), (0.0, 0.5), (0.0, 0.5)] {
            sink.send(&Event::Scroll(Scroll { dx, dy, kind: ScrollKind::Wheel }))?;
        }
        click(&mut sink)?;
        let seen = witness.until_release()?;
        let steps = |wanted| {
            seen.iter().filter_map(move |seen| match seen {
                Seen::Steps(axis, steps) if *axis == wanted => Some(*steps),
                _ => None,
            })
        };
        let pixels = |wanted| {
            seen.iter().filter_map(move |seen| match seen {
                Seen::Axis(axis, value) if *axis == wanted => Some(*value),
                _ => None,
            })
        };
        let (down, right) = (Axis::VerticalScroll, Axis::HorizontalScroll);
        ensure!(steps(down).eq([1, -2, 1]) && steps(right).eq([1]), "{seen:?}");
        ensure!(pixels(down).eq([15.0, -30.0, 7.5, 7.5]) && pixels(right).eq([15.0]), "{seen:?}");
        let is_wheel = |seen: &Seen| !matches!(seen, Seen::Source(source) if *source != AxisSource::Wheel);
        ensure!(seen.iter().all(is_wheel) && !seen.contains(&Seen::Stop), "{seen:?}");
        Ok(())
    });
}

#[test]
fn one_finger_is_a_pointer_with_its_button_down() {
    with("one_finger_is_a_pointer_with_its_button_down", &[], |sway| {
        let mut sink = sway.sink()?;
        let witness = Witness::show(&sway.display)?;
        witness.settle(&mut sink)?;
        let touch = |slot, phase, x| Event::Touch { slot, phase, x: fraction(x, Sway::WIDTH), y: fraction(50, 100) };
        for event in [
            touch(4, TouchPhase::Down, 100),
            touch(5, TouchPhase::Down, 700),
            touch(4, TouchPhase::Move, 300),
            touch(5, TouchPhase::Up, 700),
            touch(4, TouchPhase::Up, 300),
        ] {
            sink.send(&event)?;
        }
        let seen = witness.until_release()?;
        ensure!(seen.iter().filter(|seen| matches!(seen, Seen::Button(..))).count() == 1, "{seen:?}");
        ensure!(matches!(seen.last(), Some(Seen::At(x, _)) if (x - 300.5).abs() < 0.5), "{seen:?}");
        Ok(())
    });
}

#[test]
fn a_finger_scroll_is_smooth() {
    with("a_finger_scroll_is_smooth", &[], |sway| {
        let mut sink = sway.sink()?;
        let witness = Witness::show(&sway.display)?;
        witness.settle(&mut sink)?;
        sink.send(&move_to(100, 100))?;
        sink.send(&Event::Scroll(Scroll { dx: 0.0, dy: 2.0, kind: ScrollKind::Finger }))?;
        click(&mut sink)?;
        let seen = witness.until_release()?;
        ensure!(seen.contains(&Seen::Source(AxisSource::Finger)), "{seen:?}");
        ensure!(seen.contains(&Seen::Axis(Axis::VerticalScroll, 30.0)), "{seen:?}");
        ensure!(!seen.iter().any(|seen| matches!(seen, Seen::Steps(..) | Seen::Stop)), "{seen:?}");
        Ok(())
    });
}
