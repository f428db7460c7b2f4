//! 0x10 to 0x14: keys, pointers and fingers, which `/ws/input` carries too, under other types.

use bytes::{BufMut, BytesMut};
use lunette_input_events::{KeyCode, Keysym, Modifiers, TouchPhase};

use super::StreamWireError;
use super::fields::Fields;
use super::presence::{phase, phase_code};
use crate::text::cut;

/// One thing that a person does, as the wire says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A key by its place.
    Key {
        /// Down or up.
        down: bool,
        /// What else is down.
        modifiers: Modifiers,
        /// Which.
        code: KeyCode,
    },
    /// Text. Cut to [`Input::MAX_TEXT`] bytes when sent.
    Text(String),
    /// A key by its meaning.
    Keysym {
        /// Down or up.
        down: bool,
        /// What else is down.
        modifiers: Modifiers,
        /// Which.
        keysym: Keysym,
    },
    /// A key by its meaning, pressed and released.
    KeysymTap {
        /// What is held meanwhile.
        modifiers: Modifiers,
        /// Which.
        keysym: Keysym,
    },
    /// A button of the mouse.
    Button {
        /// Down or up.
        down: bool,
        /// 1 left, 2 middle, 3 right, 4 side, and so on up to [`Input::MAX_BUTTON`].
        button: u8,
    },
    /// The wheels turn by so many pixels.
    Wheel {
        /// To the right.
        dx: f32,
        /// Down.
        dy: f32,
    },
    /// The wheels turn by so many notches.
    LegacyWheel {
        /// To the right.
        dx: i8,
        /// Down.
        dy: i8,
    },
    /// The pointer goes to a place.
    MoveTo {
        /// From the left.
        x: i16,
        /// From the top.
        y: i16,
        /// What `x` is at the right edge; above 0.
        width: i16,
        /// What `y` is at the bottom edge; above 0.
        height: i16,
    },
    /// The pointer moves by so many pixels.
    MoveBy {
        /// To the right.
        dx: i16,
        /// Down.
        dy: i16,
    },
    /// A finger.
    Touch {
        /// What it does.
        phase: TouchPhase,
        /// Which.
        slot: u8,
        /// From the left: 1 is the right edge.
        x: f32,
        /// From the top: 1 is the bottom edge.
        y: f32,
    },
}

impl Input {
    /// Most bytes of a text.
    pub const MAX_TEXT: usize = 4096;
    /// The last button of a mouse that the kernel has a number for.
    pub const MAX_BUTTON: u8 = 16;
    /// The last key that the kernel has a number for.
    pub const MAX_KEY: u16 = 0x2ff;
    /// The last number that X11 gives to a key.
    pub const MAX_KEYSYM: u32 = 0x1fff_ffff;
}

mod sub {
    pub(super) const KEY: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const KEYSYM: u8 = 2;
    pub(super) const KEYSYM_TAP: u8 = 3;

    pub(super) const BUTTON: u8 = 2;
    pub(super) const WHEEL: u8 = 3;
    pub(super) const LEGACY_WHEEL: u8 = 4;

    pub(super) const MOVE_TO: u8 = 1;
    pub(super) const MOVE_BY: u8 = 0;
}

/// Types under which one of the endpoints carries input.
pub(super) struct InputTypes {
    pub(super) keyboard: u8,
    pub(super) pointer: u8,
    pub(super) move_to: u8,
    pub(super) move_by: u8,
    pub(super) touch: u8,
}

impl InputTypes {
    pub(super) const fn is_move(&self, kind: u8) -> bool {
        kind == self.move_to || kind == self.move_by
    }

    /// Reads one message; [`None`] when the type is none of these.
    pub(super) fn decode(&self, kind: u8, payload: &[u8]) -> Option<Result<Input, StreamWireError>> {
        Some(match kind {
            _ if kind == self.keyboard => keyboard(payload),
            _ if kind == self.pointer => pointer(payload),
            _ if kind == self.move_to => move_to(payload),
            _ if kind == self.move_by => move_by(payload),
            _ if kind == self.touch => touch(payload),
            _ => return None,
        })
    }

    /// Appends a whole message.
    pub(super) fn encode(&self, input: &Input, out: &mut BytesMut) {
        out.put_u8(match input {
            Input::Key { .. } | Input::Text(_) | Input::Keysym { .. } | Input::KeysymTap { .. } => self.keyboard,
            Input::Button { .. } | Input::Wheel { .. } | Input::LegacyWheel { .. } => self.pointer,
            Input::MoveTo { .. } => self.move_to,
            Input::MoveBy { .. } => self.move_by,
            Input::Touch { .. } => self.touch,
        });
        match input {
            Input::Key { .. } | Input::Text(_) | Input::Keysym { .. } | Input::KeysymTap { .. } => put_key(input, out),
            _ => put_gesture(input, out),
        }
    }
}

fn keyboard(payload: &[u8]) -> Result<Input, StreamWireError> {
    let mut fields = Fields::of("a key message", payload);
    match fields.u8()? {
        sub::KEY => {
            let (down, modifiers, code) = (fields.bool()?, modifiers(fields.u8()?), fields.u16()?);
            let possible = (1..=Input::MAX_KEY).contains(&code);
            let key = Input::Key { down, modifiers, code: KeyCode(code) };
            possible.then_some(key).ok_or(fields.impossible("key code"))
        }
        sub::TEXT => text(fields),
        sub::KEYSYM => {
            let (down, modifiers) = (fields.bool()?, modifiers(fields.u8()?));
            Ok(Input::Keysym { down, modifiers, keysym: keysym(&mut fields)? })
        }
        sub::KEYSYM_TAP => {
            let modifiers = modifiers(fields.u8()?);
            Ok(Input::KeysymTap { modifiers, keysym: keysym(&mut fields)? })
        }
        other => Err(fields.unknown(other)),
    }
}

/// The length counts UTF-16 units in one client and bytes in another, so only the message's end counts.
fn text(mut fields: Fields<'_>) -> Result<Input, StreamWireError> {
    let _length = fields.u8()?;
    let size = fields.left();
    if size > Input::MAX_TEXT {
        return Err(StreamWireError::Oversize { message: "a text", size, limit: Input::MAX_TEXT });
    }
    fields.text(size, "text").map(Input::Text)
}

fn keysym(fields: &mut Fields<'_>) -> Result<Keysym, StreamWireError> {
    let keysym = fields.u32()?;
    let possible = (1..=Input::MAX_KEYSYM).contains(&keysym);
    possible.then_some(Keysym(keysym)).ok_or(fields.impossible("keysym"))
}

fn pointer(payload: &[u8]) -> Result<Input, StreamWireError> {
    let mut fields = Fields::of("a pointer message", payload);
    match fields.u8()? {
        sub::BUTTON => {
            let (down, button) = (fields.bool()?, fields.u8()?);
            let possible = (1..=Input::MAX_BUTTON).contains(&button);
            possible.then_some(Input::Button { down, button }).ok_or(fields.impossible("button"))
        }
        sub::WHEEL => Ok(Input::Wheel { dx: fields.f32_le("wheel")?, dy: fields.f32_le("wheel")? }),
        sub::LEGACY_WHEEL => Ok(Input::LegacyWheel { dx: fields.i8()?, dy: fields.i8()? }),
        other => Err(fields.unknown(other)),
    }
}

fn move_to(payload: &[u8]) -> Result<Input, StreamWireError> {
    let mut fields = Fields::of("an absolute move", payload);
    match fields.u8()? {
        sub::MOVE_TO => {
            let (x, y, width, height) = (fields.i16()?, fields.i16()?, fields.i16()?, fields.i16()?);
            let possible = width > 0 && height > 0;
            possible.then_some(Input::MoveTo { x, y, width, height }).ok_or(fields.impossible("reference size"))
        }
        other => Err(fields.unknown(other)),
    }
}

fn move_by(payload: &[u8]) -> Result<Input, StreamWireError> {
    let mut fields = Fields::of("a relative move", payload);
    match fields.u8()? {
        sub::MOVE_BY => Ok(Input::MoveBy { dx: fields.i16()?, dy: fields.i16()? }),
        other => Err(fields.unknown(other)),
    }
}

fn touch(payload: &[u8]) -> Result<Input, StreamWireError> {
    let mut fields = Fields::of("a touch", payload);
    let kind = fields.u8()?;
    let phase = phase(kind).ok_or(fields.unknown(kind))?;
    Ok(Input::Touch { phase, slot: fields.u8()?, x: fields.f32_le("place")?, y: fields.f32_le("place")? })
}

fn put_key(input: &Input, out: &mut BytesMut) {
    match input {
        Input::Key { down, modifiers, code } => {
            out.put_slice(&[sub::KEY, u8::from(*down), modifier_bits(*modifiers)]);
            out.put_u16(code.0);
        }
        Input::Keysym { down, modifiers, keysym } => {
            out.put_slice(&[sub::KEYSYM, u8::from(*down), modifier_bits(*modifiers)]);
            out.put_u32(keysym.0);
        }
        Input::KeysymTap { modifiers, keysym } => {
            out.put_slice(&[sub::KEYSYM_TAP, modifier_bits(*modifiers)]);
            out.put_u32(keysym.0);
        }
        Input::Text(text) => {
            let kept = cut(text, Input::MAX_TEXT);
            out.put_slice(&[sub::TEXT, u8::try_from(kept.encode_utf16().count()).unwrap_or(u8::MAX)]);
            out.put_slice(kept.as_bytes());
        }
        _ => {}
    }
}

fn put_gesture(input: &Input, out: &mut BytesMut) {
    match *input {
        Input::Button { down, button } => out.put_slice(&[sub::BUTTON, u8::from(down), button]),
        Input::Wheel { dx, dy } => {
            out.put_u8(sub::WHEEL);
            out.put_f32_le(dx);
            out.put_f32_le(dy);
        }
        Input::LegacyWheel { dx, dy } => {
            out.put_u8(sub::LEGACY_WHEEL);
            out.put_i8(dx);
            out.put_i8(dy);
        }
        Input::MoveTo { x, y, width, height } => {
            out.put_u8(sub::MOVE_TO);
            [x, y, width, height].into_iter().for_each(|value| out.put_i16(value));
        }
        Input::MoveBy { dx, dy } => {
            out.put_u8(sub::MOVE_BY);
            out.put_i16(dx);
            out.put_i16(dy);
        }
        Input::Touch { phase, slot, x, y } => {
            out.put_slice(&[phase_code(phase), slot]);
            out.put_f32_le(x);
            out.put_f32_le(y);
        }
        _ => {}
    }
}

const SHIFT: u8 = 1;
const CTRL: u8 = 2;
const ALT: u8 = 4;
const META: u8 = 8;

fn modifiers(bits: u8) -> Modifiers {
    let has = |bit| bits & bit != 0;
    Modifiers { shift: has(SHIFT), ctrl: has(CTRL), alt: has(ALT), meta: has(META) }
}

fn modifier_bits(modifiers: Modifiers) -> u8 {
    let Modifiers { shift, ctrl, alt, meta } = modifiers;
    let bit = |down, bit| if down { bit } else { 0 };
    bit(shift, SHIFT) | bit(ctrl, CTRL) | bit(alt, ALT) | bit(meta, META)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_byte_of_a_text_means_nothing() {
        for length in [0, 1, 3, 255] {
            let payload = [&[sub::TEXT, length][..], "あé".as_bytes()].concat();
            assert_eq!(keyboard(&payload), Ok(Input::Text("あé".into())), "{length}");
        }
    }

    #[test]
    fn a_text_has_4096_bytes_of_whole_characters() {
        let mut out = BytesMut::new();
        put_key(&Input::Text("é".repeat(3000)), &mut out);
        assert_eq!(keyboard(&out), Ok(Input::Text("é".repeat(2048))));
        let long = [&[sub::TEXT, 0][..], &[b'a'; 4097]].concat();
        assert_eq!(keyboard(&long), Err(StreamWireError::Oversize { message: "a text", size: 4097, limit: 4096 }));
        assert!(matches!(keyboard(&[sub::TEXT, 1, 0xff]), Err(StreamWireError::Value { field: "text", .. })));
    }

    #[test]
    fn keys_that_no_keyboard_has_are_refused() {
        for code in [0, 0x300, 0xffff_u16] {
            let [high, low] = code.to_be_bytes();
            assert!(keyboard(&[sub::KEY, 1, 0, high, low]).is_err(), "{code}");
        }
        for keysym in [0, 0x2000_0000_u32] {
            let [a, b, c, d] = keysym.to_be_bytes();
            assert!(keyboard(&[sub::KEYSYM, 1, 0, a, b, c, d]).is_err(), "{keysym}");
            assert!(keyboard(&[sub::KEYSYM_TAP, 0, a, b, c, d]).is_err(), "{keysym}");
        }
        assert!(pointer(&[sub::BUTTON, 1, 0]).is_err() && pointer(&[sub::BUTTON, 1, 17]).is_err());
    }

    #[test]
    fn a_reference_size_without_an_area_is_refused() {
        let wire = |width: i16, height: i16| {
            let (width, height) = (width.to_be_bytes(), height.to_be_bytes());
            [&[sub::MOVE_TO, 0, 1, 0, 1][..], &width, &height].concat()
        };
        for (width, height) in [(0, 0), (0, 4096), (4096, 0), (-1, 4096), (4096, i16::MIN)] {
            assert!(move_to(&wire(width, height)).is_err(), "{width}x{height}");
        }
        assert_eq!(move_to(&wire(1, 1)), Ok(Input::MoveTo { x: 1, y: 1, width: 1, height: 1 }));
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for values in [[bad, 0.0], [0.0, bad]] {
                let floats: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
                assert!(pointer(&[&[sub::WHEEL][..], &floats].concat()).is_err(), "{values:?}");
                assert!(touch(&[&[0, 0][..], &floats].concat()).is_err(), "{values:?}");
            }
        }
    }
}
