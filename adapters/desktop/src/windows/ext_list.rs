//! ext-foreign-toplevel-list-v1.

use wayland_client::{Connection, Dispatch, QueueHandle};
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_handle_v1::{
    self as handle, ExtForeignToplevelHandleV1,
};
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_list_v1::{
    self as list, ExtForeignToplevelListV1,
};

use super::desk::{Desk, Toplevel, short};
use crate::wayland::Link;

impl Dispatch<ExtForeignToplevelListV1, ()> for Link<Desk> {
    fn event(
        link: &mut Self,
        _: &ExtForeignToplevelListV1,
        event: list::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let list::Event::Toplevel { toplevel } = event {
            link.part.appeared(Toplevel::Listed(toplevel));
        }
    }

    wayland_client::event_created_child!(Self, ExtForeignToplevelListV1, [
        list::EVT_TOPLEVEL_OPCODE => (ExtForeignToplevelHandleV1, ()),
    ]);
}

impl Dispatch<ExtForeignToplevelHandleV1, ()> for Link<Desk> {
    fn event(
        link: &mut Self,
        proxy: &ExtForeignToplevelHandleV1,
        event: handle::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let (desk, toplevel) = (&mut link.part, Toplevel::Listed(proxy.clone()));
        match event {
            handle::Event::Title { title } => desk.change(&toplevel, |window| window.title = short(title)),
            handle::Event::AppId { app_id } => desk.change(&toplevel, |window| window.app_id = short(app_id)),
            handle::Event::Done => desk.is_whole(&toplevel),
            handle::Event::Closed => {
                desk.gone(&toplevel);
                proxy.destroy();
            }
            _ => {}
        }
    }
}
