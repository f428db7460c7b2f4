//! zwp_virtual_keyboard_v1.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use lunette_input_events::Event;
use rustix::fs::{MemfdFlags, memfd_create};
use wayland_client::protocol::wl_keyboard::{KeyState, KeymapFormat};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;

use super::hands::Hands;
use super::pointer::now;
use crate::keyboard::{
    CAPS_LOCK, LEFT_ALT, LEFT_CTRL, LEFT_META, LEFT_SHIFT, NUM_LOCK, RIGHT_ALT, RIGHT_CTRL, RIGHT_META, RIGHT_SHIFT,
    Spare, Step, Typist, Untypable,
};
use crate::wayland::{Handle, Link};
use crate::{SessionError, SinkError};

/// Presses and releases at a time. The compositor keeps what a client has not read yet in a buffer, and cuts the client
/// off when that is full.
const BURST: usize = 64;
/// Between two bursts.
const PAUSE: Duration = Duration::from_millis(10);
/// A key without a meaning, in every keymap.
const MEANINGLESS: u16 = 240;

/// X11's bits.
const SHIFT: u32 = 1;
const LOCK: u32 = 1 << 1;
const CONTROL: u32 = 1 << 2;
const ALT: u32 = 1 << 3;
const NUM: u32 = 1 << 4;
const SUPER: u32 = 1 << 6;

/// A virtual keyboard.
#[derive(Debug)]
pub(super) struct VirtualKeyboard {
    proxy: ZwpVirtualKeyboardV1,
    since: Instant,
    typist: Typist<Spare>,
    waiting: VecDeque<Step>,
    due: Option<Instant>,
    held: Vec<u16>,
    locked: u32,
}

impl VirtualKeyboard {
    pub(super) fn new(
        manager: &ZwpVirtualKeyboardManagerV1,
        seat: &WlSeat,
        handle: &Handle<Hands>,
    ) -> Result<Self, SessionError> {
        let proxy = manager.create_virtual_keyboard(seat, handle, ());
        let typist = Typist::new(Spare::new());
        upload(&proxy, &typist.layout().keymap())?;
        let (waiting, held) = (VecDeque::new(), Vec::new());
        let mut keyboard = Self { proxy, since: Instant::now(), typist, waiting, due: None, held, locked: 0 };
        // Where no keyboard was before, clients learn that there is one by its first key, and miss that key.
        for down in [true, false] {
            keyboard.press(MEANINGLESS, down);
        }
        keyboard.modifiers();
        Ok(keyboard)
    }

    /// Types. What cannot be typed was refused before.
    pub(super) fn handle(&mut self, event: &Event) {
        let steps = match event {
            Event::Key { code, down } => Ok(self.typist.key(code.0, *down)),
            Event::Keysym { keysym, down } => self.typist.keysym(*keysym, *down),
            Event::Tap { keysym, modifiers } => self.typist.tap(*keysym, *modifiers),
            Event::Text(text) => self.typist.text(text),
            _ => return,
        };
        match steps {
            Ok(steps) => self.waiting.extend(steps),
            Err(what) => tracing::warn!(%what, "no key for it"),
        }
        self.tick();
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The next burst.
    pub(super) fn tick(&mut self) {
        for _ in 0..BURST {
            match self.waiting.pop_front() {
                Some(Step::Key { code, down }) => self.press(code, down),
                Some(Step::Keymap(text)) => {
                    if let Err(error) = upload(&self.proxy, &text) {
                        tracing::error!(%error, "the keymap does not reach the compositor");
                    }
                    // Clients forget modifiers with the old keymap, and wlroots does not tell them what it takes for
                    // unchanged.
                    self.proxy.modifiers(0, 0, 0, 0);
                    self.modifiers();
                }
                None => break,
            }
        }
        self.due = (!self.waiting.is_empty()).then(|| Instant::now() + PAUSE);
    }

    pub(super) fn release(&mut self) {
        self.waiting.clear();
        for step in self.typist.release() {
            if let Step::Key { code, down } = step {
                self.press(code, down);
            }
        }
    }

    fn press(&mut self, code: u16, down: bool) {
        let state = if down { KeyState::Pressed } else { KeyState::Released };
        self.proxy.key(now(self.since), code.into(), state.into());
        if modifier(code) == 0 {
            return;
        }
        match code {
            CAPS_LOCK | NUM_LOCK if down => self.locked ^= modifier(code),
            CAPS_LOCK | NUM_LOCK => return,
            _ if down => self.held.push(code),
            _ => self.held.retain(|held| *held != code),
        }
        self.modifiers();
    }

    /// The compositor does not derive these from the keys of a virtual keyboard.
    fn modifiers(&self) {
        let depressed = self.held.iter().fold(0, |mask, code| mask | modifier(*code));
        self.proxy.modifiers(depressed, 0, self.locked, 0);
    }
}

const fn modifier(code: u16) -> u32 {
    match code {
        LEFT_SHIFT | RIGHT_SHIFT => SHIFT,
        LEFT_CTRL | RIGHT_CTRL => CONTROL,
        LEFT_ALT | RIGHT_ALT => ALT,
        LEFT_META | RIGHT_META => SUPER,
        CAPS_LOCK => LOCK,
        NUM_LOCK => NUM,
        _ => 0,
    }
}

pub(super) fn cannot_type(what: &Untypable) -> SinkError {
    SinkError::CannotType {
        sink: "the virtual keyboard",
        wanted: what.to_string(),
        reason: "no key stands for such a control character",
    }
}

fn upload(proxy: &ZwpVirtualKeyboardV1, text: &str) -> Result<(), SessionError> {
    let failed = |error| SessionError::system("cannot make a keymap's memory", error);
    let fd = memory(text).map_err(failed)?;
    let length = u32::try_from(text.len() + 1).expect("a keymap has some thousand bytes");
    proxy.keymap(KeymapFormat::XkbV1.into(), fd.as_fd(), length);
    Ok(())
}

/// The text, and the zero that C wants behind it.
fn memory(text: &str) -> std::io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("keymap", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.write_all(&[0])?;
    Ok(file.into())
}

wayland_client::delegate_noop!(Link<Hands>: ZwpVirtualKeyboardManagerV1);
wayland_client::delegate_noop!(Link<Hands>: ZwpVirtualKeyboardV1);
