//! zwp_virtual_keyboard_v1.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use lunette_input_events::{Event, KeyCode, Step, Typist, Untypable};
use rustix::fs::{MemfdFlags, memfd_create};
use wayland_client::protocol::wl_keyboard::{KeyState, KeymapFormat};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;

use super::hands::Hands;
use super::pointer::now;
use crate::wayland::{Handle, Link};
use crate::{SessionError, SinkError};

/// Presses and releases at a time. The compositor keeps what a client has not read yet in a buffer, and cuts the client
/// off when that is full.
const BURST: usize = 64;
/// Between two bursts.
const PAUSE: Duration = Duration::from_millis(10);
/// A key without a meaning, in every keymap.
const MEANINGLESS: KeyCode = KeyCode(240);

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
    typist: Typist,
    waiting: VecDeque<Step>,
    due: Option<Instant>,
    held: Vec<KeyCode>,
    locked: u32,
}

impl VirtualKeyboard {
    pub(super) fn new(
        manager: &ZwpVirtualKeyboardManagerV1,
        seat: &WlSeat,
        handle: &Handle<Hands>,
    ) -> Result<Self, SessionError> {
        let proxy = manager.create_virtual_keyboard(seat, handle, ());
        let typist = Typist::any();
        upload(&proxy, &typist.keymap())?;
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
        match self.typist.handle(event) {
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

    fn press(&mut self, code: KeyCode, down: bool) {
        let state = if down { KeyState::Pressed } else { KeyState::Released };
        self.proxy.key(now(self.since), code.0.into(), state.into());
        if modifier(code) == 0 {
            return;
        }
        match code {
            KeyCode::CAPS_LOCK | KeyCode::NUM_LOCK if down => self.locked ^= modifier(code),
            KeyCode::CAPS_LOCK | KeyCode::NUM_LOCK => return,
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

const fn modifier(code: KeyCode) -> u32 {
    match code {
        KeyCode::SHIFT | KeyCode::RIGHT_SHIFT => SHIFT,
        KeyCode::CTRL | KeyCode::RIGHT_CTRL => CONTROL,
        KeyCode::ALT | KeyCode::RIGHT_ALT => ALT,
        KeyCode::META | KeyCode::RIGHT_META => SUPER,
        KeyCode::CAPS_LOCK => LOCK,
        KeyCode::NUM_LOCK => NUM,
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
