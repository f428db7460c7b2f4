//! wlr-foreign-toplevel-management-unstable-v1.

use wayland_client::{Connection, Dispatch, QueueHandle};
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_handle_v1::{
    self as handle, ZwlrForeignToplevelHandleV1,
};
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_manager_v1::{
    self as manager, ZwlrForeignToplevelManagerV1,
};

use super::WindowState;
use super::desk::{Desk, Toplevel, short};
use crate::wayland::Link;

const MAXIMIZED: u32 = handle::State::Maximized as u32;
const MINIMIZED: u32 = handle::State::Minimized as u32;
const ACTIVATED: u32 = handle::State::Activated as u32;
const FULLSCREEN: u32 = handle::State::Fullscreen as u32;

impl Dispatch<ZwlrForeignToplevelManagerV1, ()> for Link<Desk> {
    fn event(
        link: &mut Self,
        _: &ZwlrForeignToplevelManagerV1,
        event: manager::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let manager::Event::Toplevel { toplevel } = event {
            link.part.appeared(Toplevel::Managed(toplevel));
        }
    }

    wayland_client::event_created_child!(Self, ZwlrForeignToplevelManagerV1, [
        manager::EVT_TOPLEVEL_OPCODE => (ZwlrForeignToplevelHandleV1, ()),
    ]);
}

impl Dispatch<ZwlrForeignToplevelHandleV1, ()> for Link<Desk> {
    fn event(
        link: &mut Self,
        proxy: &ZwlrForeignToplevelHandleV1,
        event: handle::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let (desk, toplevel) = (&mut link.part, Toplevel::Managed(proxy.clone()));
        match event {
            handle::Event::Title { title } => desk.change(&toplevel, |window| window.title = short(title)),
            handle::Event::AppId { app_id } => desk.change(&toplevel, |window| window.app_id = short(app_id)),
            handle::Event::State { state } => desk.change(&toplevel, |window| window.state = Some(read(&state))),
            handle::Event::Done => desk.is_whole(&toplevel),
            handle::Event::Closed => {
                desk.gone(&toplevel);
                proxy.destroy();
            }
            _ => {}
        }
    }
}

/// An array of numbers.
fn read(states: &[u8]) -> WindowState {
    let numbers = states.chunks_exact(4).map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let mut state = WindowState::default();
    for number in numbers {
        match number {
            MAXIMIZED => state.maximized = true,
            MINIMIZED => state.minimized = true,
            ACTIVATED => state.focused = true,
            FULLSCREEN => state.fullscreen = true,
            _ => {}
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_and_odd_ones_left_out() {
        let bytes: Vec<u8> = [ACTIVATED, 99, MINIMIZED].into_iter().flat_map(u32::to_ne_bytes).chain([1]).collect();
        assert_eq!(read(&bytes), WindowState { focused: true, minimized: true, ..WindowState::default() });
    }
}
