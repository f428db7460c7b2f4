//! wl_output and zxdg_output_v1: names and logical sizes.

use lunette_frame::Size;
use wayland_client::protocol::wl_output::{self, WlOutput};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle};
use wayland_protocols::xdg::xdg_output::zv1::client::zxdg_output_manager_v1::ZxdgOutputManagerV1;
use wayland_protocols::xdg::xdg_output::zv1::client::zxdg_output_v1::{self, ZxdgOutputV1};

use super::hands::Hands;
use crate::wayland::{Globals, Handle, Link};

/// The compositor's outputs.
#[derive(Debug, Default)]
pub(super) struct Outputs(Vec<Output>);

#[derive(Debug)]
struct Output {
    proxy: WlOutput,
    logical: Option<ZxdgOutputV1>,
    name: Option<String>,
    size: Option<(i32, i32)>,
}

impl Outputs {
    pub(super) fn bind(globals: &Globals, sizes: Option<&ZxdgOutputManagerV1>, handle: &Handle<Hands>) -> Self {
        let output = |proxy: WlOutput| {
            let logical = sizes.map(|sizes| sizes.get_xdg_output(&proxy, handle, ()));
            Output { proxy, logical, name: None, size: None }
        };
        Self(globals.bind_all(4, handle).map(output).collect())
    }

    pub(super) fn named(&self, name: &str) -> Option<&WlOutput> {
        self.0.iter().find(|output| output.name.as_deref() == Some(name)).map(|output| &output.proxy)
    }

    /// What a pixel of the picture is in the compositor's own units: half of one where the scale is two.
    pub(super) fn pixels_to_logical(&self, name: Option<&str>, picture: Option<Size>) -> (f64, f64) {
        let named = self.0.iter().find(|output| name.is_none() || output.name.as_deref() == name);
        let logical = named.or(self.0.first()).and_then(|output| output.size);
        match (logical, picture) {
            (Some((width, height)), Some(picture)) if picture.area() > 0 && width > 0 && height > 0 => {
                (f64::from(width) / f64::from(picture.width), f64::from(height) / f64::from(picture.height))
            }
            _ => (1.0, 1.0),
        }
    }
}

impl Dispatch<WlOutput, ()> for Link<Hands> {
    fn event(
        link: &mut Self,
        proxy: &WlOutput,
        event: wl_output::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_output::Event::Name { name } = event
            && let Some(output) = link.part.outputs.0.iter_mut().find(|output| output.proxy == *proxy)
        {
            output.name = Some(name);
        }
    }
}

impl Dispatch<ZxdgOutputV1, ()> for Link<Hands> {
    fn event(
        link: &mut Self,
        proxy: &ZxdgOutputV1,
        event: zxdg_output_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let id = proxy.id();
        let is_it = |output: &&mut Output| output.logical.as_ref().is_some_and(|logical| logical.id() == id);
        let Some(output) = link.part.outputs.0.iter_mut().find(is_it) else { return };
        match event {
            zxdg_output_v1::Event::LogicalSize { width, height } => output.size = Some((width, height)),
            zxdg_output_v1::Event::Name { name } => output.name = Some(name),
            _ => {}
        }
    }
}

wayland_client::delegate_noop!(Link<Hands>: ZxdgOutputManagerV1);
