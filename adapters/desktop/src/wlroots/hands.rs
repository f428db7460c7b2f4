//! The state behind the sink: what the thread of its connection owns.

use std::time::Instant;

use lunette_frame::Size;
use lunette_input_events::{Event, PointerButton, TouchPhase};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::xdg::xdg_output::zv1::client::zxdg_output_manager_v1::ZxdgOutputManagerV1;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1;

use super::WlrootsOptions;
use super::keyboard::VirtualKeyboard;
use super::output::Outputs;
use super::pointer::VirtualPointer;
use crate::SessionError;
use crate::wayland::{Globals, Handle, Part};

const POINTER: &str = "the virtual pointer";
const KEYBOARD: &str = "the virtual keyboard";

/// An event, and the size of the picture at the time.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) event: Event,
    pub(super) size: Option<Size>,
}

/// Pointer and keyboard.
#[derive(Debug)]
pub(super) struct Hands {
    options: WlrootsOptions,
    pub(super) outputs: Outputs,
    manager: Option<(ZwlrVirtualPointerManagerV1, WlSeat)>,
    pointer: Option<VirtualPointer>,
    keyboard: Option<VirtualKeyboard>,
    /// The finger that is taken for a pointer.
    finger: Option<u32>,
}

impl Hands {
    pub(super) fn new(options: WlrootsOptions) -> Self {
        Self { options, outputs: Outputs::default(), manager: None, pointer: None, keyboard: None, finger: None }
    }

    /// Outputs say their names after they were bound, hence with the first command.
    fn pointer(&mut self, handle: &Handle<Self>) -> Option<&mut VirtualPointer> {
        if self.pointer.is_none() {
            let (manager, seat) = self.manager.as_ref()?;
            let output = self.options.output.as_deref();
            let mapped = output.and_then(|name| self.outputs.named(name));
            if mapped.is_none() && output.is_some() {
                tracing::warn!(output, "the compositor has no such output; positions are of all that it shows");
            }
            self.pointer = Some(VirtualPointer::new(manager, seat, mapped, handle));
        }
        self.pointer.as_mut()
    }

    fn point(&mut self, event: &Event, size: Option<Size>, handle: &Handle<Self>) {
        let ratio = self.outputs.pixels_to_logical(self.options.output.as_deref(), size);
        let Some(pointer) = self.pointer(handle) else { return };
        match event {
            Event::MoveTo { x, y } => pointer.move_to(*x, *y),
            Event::MoveBy { dx, dy } => pointer.move_by(dx * ratio.0, dy * ratio.1),
            Event::Button { button, down } => pointer.button(*button, *down),
            Event::Scroll(scroll) => pointer.scroll(*scroll),
            _ => {}
        }
    }

    /// One finger is a pointer with its button down.
    fn touch(&mut self, event: &Event, handle: &Handle<Self>) {
        let Event::Touch { slot, phase, x, y } = event else { return };
        let is_ours = self.finger == Some(*slot);
        let is_first = self.finger.is_none() && *phase == TouchPhase::Down;
        if !is_ours && !is_first {
            return;
        }
        let Some(pointer) = self.pointer(handle) else { return };
        if matches!(phase, TouchPhase::Down | TouchPhase::Move) {
            pointer.move_to(*x, *y);
        }
        match phase {
            TouchPhase::Down => pointer.button(PointerButton::LEFT, true),
            TouchPhase::Up | TouchPhase::Cancel => pointer.button(PointerButton::LEFT, false),
            TouchPhase::Move => {}
        }
        self.finger = matches!(phase, TouchPhase::Down | TouchPhase::Move).then_some(*slot);
    }
}

impl Part for Hands {
    type Command = Command;
    const NAME: &'static str = "wlroots-input";

    fn bind(&mut self, globals: &Globals, handle: &Handle<Self>) -> Result<(), SessionError> {
        let seat: WlSeat = globals.need(KEYBOARD, 1, handle)?;
        let keyboards: ZwpVirtualKeyboardManagerV1 = globals.need(KEYBOARD, 1, handle)?;
        let pointers: ZwlrVirtualPointerManagerV1 = globals.need(POINTER, 2, handle)?;
        let sizes: Option<ZxdgOutputManagerV1> = globals.bind(3, handle);
        self.outputs = Outputs::bind(globals, sizes.as_ref(), handle);
        self.keyboard = Some(VirtualKeyboard::new(&keyboards, &seat, handle)?);
        self.manager = Some((pointers, seat));
        Ok(())
    }

    fn handle(&mut self, Command { event, size }: Command, handle: &Handle<Self>) {
        match &event {
            Event::Key { .. } | Event::Keysym { .. } | Event::Tap { .. } | Event::Text(_) => {
                if let Some(keyboard) = &mut self.keyboard {
                    keyboard.handle(&event);
                }
            }
            Event::Touch { .. } => self.touch(&event, handle),
            _ => self.point(&event, size, handle),
        }
    }

    fn refuse(command: Command, error: &SessionError) {
        tracing::debug!(?command, %error, "an input event is lost with the compositor");
    }

    fn unbind(&mut self, _: &SessionError) {
        self.pointer = None;
        self.keyboard = None;
        self.manager = None;
        self.finger = None;
        self.outputs = Outputs::default();
    }

    fn close(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.release();
        }
        if let Some(pointer) = &mut self.pointer {
            pointer.release();
        }
    }

    fn due(&self) -> Option<Instant> {
        self.keyboard.as_ref().and_then(VirtualKeyboard::due)
    }

    fn tick(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.tick();
        }
    }
}

wayland_client::delegate_noop!(crate::wayland::Link<Hands>: ignore WlSeat);
