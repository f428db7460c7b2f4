//! The Wayland side: binds what screencopy needs, and answers each of its events.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;

use anyhow::{Context, Result};
use lunette_frame::{Damage, Rect, Size};
use rustix::fs::MemfdFlags;
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::{wl_buffer, wl_output, wl_registry, wl_shm, wl_shm_pool};
use wayland_client::{Connection, Dispatch, EventQueue, QueueHandle, WEnum, delegate_noop};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::{Event, ZwlrScreencopyFrameV1};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

use super::shared::{Last, Layout, Ready, Shared};

/// Asks for pictures; any thread may.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    connection: Connection,
    manager: ZwlrScreencopyManagerV1,
    output: wl_output::WlOutput,
    queue: QueueHandle<Capture>,
}

impl Requests {
    /// Asks for the next picture, pointer included: the page draws none of a desktop that tells no pointer.
    pub(super) fn next(&self) {
        self.manager.capture_output(1, &self.output, &self.queue, ());
        // A broken connection is seen by the thread that reads it.
        let _ = self.connection.flush();
    }
}

/// What events act on.
#[derive(Debug)]
pub(super) struct Capture {
    shared: Arc<Shared>,
    shm: wl_shm::WlShm,
    requests: Requests,
    target: Option<Target>,
    damage: Vec<Rect>,
}

#[derive(Debug)]
struct Target {
    layout: Layout,
    memory: Arc<File>,
    buffer: wl_buffer::WlBuffer,
    /// Nothing was copied into it yet.
    blank: bool,
}

pub(super) fn connect(shared: &Arc<Shared>) -> Result<(EventQueue<Capture>, Capture)> {
    let connection = Connection::connect_to_env()?;
    let (globals, events) = registry_queue_init::<Capture>(&connection)?;
    let queue = events.handle();
    let manager = globals.bind(&queue, 3..=3, ()).context("the compositor has no wlr-screencopy 3")?;
    let output = globals.bind(&queue, 1..=1, ()).context("the compositor has no output")?;
    let shm = globals.bind(&queue, 1..=1, ())?;
    let requests = Requests { connection, manager, output, queue };
    Ok((events, Capture { shared: Arc::clone(shared), shm, requests, target: None, damage: Vec::new() }))
}

impl Capture {
    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    fn prepare(&mut self, layout: Layout) -> Result<()> {
        if self.target.as_ref().is_some_and(|target| target.layout == layout) {
            return Ok(());
        }
        let bytes = layout.stride * layout.size.height as usize;
        let memory = File::from(rustix::fs::memfd_create("screencopy", MemfdFlags::CLOEXEC)?);
        memory.set_len(bytes as u64)?;
        let queue = &self.requests.queue;
        let pool = self.shm.create_pool(memory.as_fd(), i32::try_from(bytes)?, queue, ());
        let side = |value: u32| i32::try_from(value);
        let (width, height) = (side(layout.size.width)?, side(layout.size.height)?);
        let stride = i32::try_from(layout.stride)?;
        let buffer = pool.create_buffer(0, width, height, stride, wl_shm::Format::Xrgb8888, queue, ());
        pool.destroy();
        if let Some(old) = self.target.replace(Target { layout, memory: Arc::new(memory), buffer, blank: true }) {
            old.buffer.destroy();
        }
        self.shared.update(|state| state.layout = Some(layout));
        Ok(())
    }

    fn copy(&mut self, frame: &ZwlrScreencopyFrameV1) {
        let Some(target) = &self.target else { return };
        self.damage.clear();
        // With damage the compositor waits for some, and a first picture must not wait.
        if target.blank {
            frame.copy(&target.buffer);
        } else {
            frame.copy_with_damage(&target.buffer);
        }
    }

    fn finish(&mut self) {
        let Some(target) = &mut self.target else { return };
        let size = target.layout.size;
        let mut damage = if target.blank { Damage::full(size) } else { Damage::none(size) };
        for rect in self.damage.drain(..) {
            damage.add(rect);
        }
        target.blank = false;
        let captured = lunette_capture::now();
        let (memory, layout) = (&target.memory, target.layout);
        let ready = Ready { memory: Arc::clone(memory), layout, damage, captured, asks: true };
        let last = Last { memory: Arc::clone(memory), layout, captured };
        self.shared.update(|state| {
            state.pictures += 1;
            state.last = Some(last);
            state.ready = Some(ready);
        });
    }
}

impl Dispatch<ZwlrScreencopyFrameV1, ()> for Capture {
    fn event(
        this: &mut Self,
        frame: &ZwlrScreencopyFrameV1,
        event: Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            Event::Buffer { format: WEnum::Value(wl_shm::Format::Xrgb8888), width, height, stride } => {
                let layout = Layout { size: Size::new(width, height), stride: stride as usize };
                if let Err(error) = this.prepare(layout) {
                    tracing::error!(%error, "no memory for the desktop's picture");
                }
            }
            Event::Buffer { format, .. } => tracing::error!(?format, "pixels of another format than XRGB8888"),
            Event::BufferDone => this.copy(frame),
            Event::Damage { x, y, width, height } => this.damage.push(Rect::new(x, y, width, height)),
            Event::Ready { .. } => {
                frame.destroy();
                this.finish();
            }
            Event::Failed => {
                frame.destroy();
                this.requests.next();
            }
            _ => {}
        }
    }
}

impl Dispatch<wl_registry::WlRegistry, GlobalListContents> for Capture {
    fn event(
        _: &mut Self,
        _: &wl_registry::WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Capture: ignore wl_output::WlOutput);
delegate_noop!(Capture: ignore wl_shm::WlShm);
delegate_noop!(Capture: ignore wl_buffer::WlBuffer);
delegate_noop!(Capture: wl_shm_pool::WlShmPool);
delegate_noop!(Capture: ZwlrScreencopyManagerV1);
