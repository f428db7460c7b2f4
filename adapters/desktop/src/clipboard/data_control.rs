//! ext-data-control-v1, and wlr-data-control-unstable-v1 which it was made from: the same requests and events under
//! other names.

/// What a source has: MIME types, and the bytes behind them.
type Forms = Vec<(&'static str, std::sync::Arc<[u8]>)>;

/// What is offered to one reader may be named as often as the largest list that is looked at.
const MOST_NAMES: usize = 256;

macro_rules! data_control {
    ($module:ident; $($import:item)*) => {
        pub(super) mod $module {
            use std::os::fd::{AsFd as _, OwnedFd};
            use std::sync::Arc;

            use wayland_client::protocol::wl_seat::WlSeat;
            use wayland_client::{Connection, Dispatch, QueueHandle};

            $($import)*

            use super::{Forms, MOST_NAMES};
            use crate::clipboard::board::Board;
            use crate::clipboard::write;
            use crate::wayland::{Globals, Handle, Link};

            /// The device of one seat.
            #[derive(Debug)]
            pub(in crate::clipboard) struct Bound {
                manager: Manager,
                device: Device,
                /// What was announced: the selection, and what is about to become one.
                offers: Vec<(Offer, Vec<String>)>,
                selection: Option<Offer>,
            }

            impl Bound {
                pub(in crate::clipboard) fn new(
                    globals: &Globals,
                    seat: &WlSeat,
                    handle: &Handle<Board>,
                ) -> Option<Self> {
                    let manager: Manager = globals.bind(1, handle)?;
                    let device = manager.get_data_device(seat, handle, ());
                    Some(Self { manager, device, offers: Vec::new(), selection: None })
                }

                /// What the selection can be had as.
                pub(in crate::clipboard) fn types(&self) -> &[String] {
                    let Some(selection) = &self.selection else { return &[] };
                    let offer = self.offers.iter().find(|(offer, _)| offer == selection);
                    offer.map_or(&[], |(_, types)| types)
                }

                pub(in crate::clipboard) fn receive(&self, mime: &str, pipe: &OwnedFd) {
                    if let Some(selection) = &self.selection {
                        selection.receive(mime.to_owned(), pipe.as_fd());
                    }
                }

                pub(in crate::clipboard) fn set(&self, forms: Forms, handle: &Handle<Board>) {
                    let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
                    let source = self.manager.create_data_source(handle, forms);
                    for name in names {
                        source.offer(name.to_owned());
                    }
                    self.device.set_selection(Some(&source));
                }

                fn select(&mut self, selection: Option<Offer>) {
                    self.offers.retain(|(offer, _)| {
                        let is_kept = Some(offer) == selection.as_ref();
                        if !is_kept {
                            offer.destroy();
                        }
                        is_kept
                    });
                    self.selection = selection;
                }
            }

            impl Dispatch<Device, ()> for Link<Board> {
                fn event(
                    link: &mut Self,
                    _: &Device,
                    event: device::Event,
                    (): &(),
                    _: &Connection,
                    _: &QueueHandle<Self>,
                ) {
                    let Some(bound) = &mut link.part.$module else { return };
                    match event {
                        device::Event::DataOffer { id } => bound.offers.push((id, Vec::new())),
                        device::Event::Selection { id } => {
                            bound.select(id);
                            let types = bound.types().to_vec();
                            link.part.changed(types);
                        }
                        _ => {}
                    }
                }

                wayland_client::event_created_child!(Self, Device, [
                    device::EVT_DATA_OFFER_OPCODE => (Offer, ()),
                ]);
            }

            impl Dispatch<Offer, ()> for Link<Board> {
                fn event(
                    link: &mut Self,
                    proxy: &Offer,
                    event: offer::Event,
                    (): &(),
                    _: &Connection,
                    _: &QueueHandle<Self>,
                ) {
                    let Some(bound) = &mut link.part.$module else { return };
                    if let offer::Event::Offer { mime_type } = event
                        && let Some((_, types)) = bound.offers.iter_mut().find(|(offer, _)| offer == proxy)
                        && types.len() < MOST_NAMES
                    {
                        types.push(mime_type);
                    }
                }
            }

            impl Dispatch<Source, Forms> for Link<Board> {
                fn event(
                    _: &mut Self,
                    proxy: &Source,
                    event: source::Event,
                    forms: &Forms,
                    _: &Connection,
                    _: &QueueHandle<Self>,
                ) {
                    match event {
                        source::Event::Send { mime_type, fd } => {
                            if let Some((_, bytes)) = forms.iter().find(|(name, _)| *name == mime_type) {
                                write(fd, Arc::clone(bytes), |_| {});
                            }
                        }
                        source::Event::Cancelled => proxy.destroy(),
                        _ => {}
                    }
                }
            }

            wayland_client::delegate_noop!(Link<Board>: Manager);
        }
    };
}

data_control! {
    ext;
    use wayland_protocols::ext::data_control::v1::client::ext_data_control_device_v1::{
        self as device, ExtDataControlDeviceV1 as Device,
    };
    use wayland_protocols::ext::data_control::v1::client::ext_data_control_manager_v1::ExtDataControlManagerV1 as Manager;
    use wayland_protocols::ext::data_control::v1::client::ext_data_control_offer_v1::{
        self as offer, ExtDataControlOfferV1 as Offer,
    };
    use wayland_protocols::ext::data_control::v1::client::ext_data_control_source_v1::{
        self as source, ExtDataControlSourceV1 as Source,
    };
}

data_control! {
    wlr;
    use wayland_protocols_wlr::data_control::v1::client::zwlr_data_control_device_v1::{
        self as device, ZwlrDataControlDeviceV1 as Device,
    };
    use wayland_protocols_wlr::data_control::v1::client::zwlr_data_control_manager_v1::ZwlrDataControlManagerV1 as Manager;
    use wayland_protocols_wlr::data_control::v1::client::zwlr_data_control_offer_v1::{
        self as offer, ZwlrDataControlOfferV1 as Offer,
    };
    use wayland_protocols_wlr::data_control::v1::client::zwlr_data_control_source_v1::{
        self as source, ZwlrDataControlSourceV1 as Source,
    };
}
