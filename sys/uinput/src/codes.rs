//! The kernel's codes, of which those are named that are used.

/// Declares a kind of code and those with names.
macro_rules! codes {
    ($(#[$doc:meta])* $kind:ident { $($(#[$about:meta])* $name:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $kind(pub u16);

        impl $kind {
            $($(#[$about])* pub const $name: Self = Self($value);)*
        }
    };
}

codes! {
    /// A key or a button.
    Key {
        /// Left mouse button.
        LEFT = 0x110,
        /// Right mouse button.
        RIGHT = 0x111,
        /// Middle mouse button.
        MIDDLE = 0x112,
        /// A button at the thumb.
        SIDE = 0x113,
        /// The other one.
        EXTRA = 0x114,
        /// Forward.
        FORWARD = 0x115,
        /// Back.
        BACK = 0x116,
        /// The last that mice have.
        TASK = 0x117,
        /// A finger is on the screen.
        TOUCH = 0x14a,
    }
}

codes! {
    /// What says how far it moved.
    Relative {
        /// To the right.
        X = 0x00,
        /// Down.
        Y = 0x01,
        /// A wheel turned sideways, right is positive.
        HWHEEL = 0x06,
        /// A wheel, away from the user is positive.
        WHEEL = 0x08,
        /// The same in 120ths of a notch.
        WHEEL_HI_RES = 0x0b,
        /// Sideways in 120ths of a notch.
        HWHEEL_HI_RES = 0x0c,
    }
}

codes! {
    /// What says where it is.
    Absolute {
        /// From the left.
        X = 0x00,
        /// From the top.
        Y = 0x01,
        /// Which finger the next events are about.
        MT_SLOT = 0x2f,
        /// A finger from the left.
        MT_POSITION_X = 0x35,
        /// A finger from the top.
        MT_POSITION_Y = 0x36,
        /// Which touch: another number each time that a finger comes down, -1 when it is up.
        MT_TRACKING_ID = 0x39,
    }
}

codes! {
    /// What is true of a whole device.
    Property {
        /// It moves a pointer.
        POINTER = 0x00,
        /// Its positions are those of the screen below it.
        DIRECT = 0x01,
    }
}

/// All keys that the kernel knows; the codes between are unused or buttons.
const KEYBOARD: [(u16, u16); 15] = [
    (0x001, 0x053),
    (0x055, 0x0c2),
    (0x0c8, 0x0f8),
    (0x160, 0x1ba),
    (0x1bc, 0x1c3),
    (0x1d0, 0x1e5),
    (0x1f1, 0x1fa),
    (0x200, 0x21e),
    (0x230, 0x232),
    (0x240, 0x24a),
    (0x250, 0x251),
    (0x260, 0x289),
    (0x290, 0x2ad),
    (0x2b0, 0x2b5),
    (0x2b8, 0x2bc),
];

impl Key {
    /// Every key of a keyboard, as the kernel names them.
    pub fn of_keyboards() -> impl Iterator<Item = Self> {
        KEYBOARD.into_iter().flat_map(|(first, last)| (first..=last).map(Self))
    }

    /// Whether a keyboard has it.
    #[must_use]
    pub fn is_of_keyboards(self) -> bool {
        KEYBOARD.iter().any(|(first, last)| (*first..=*last).contains(&self.0))
    }

    /// Every button of a mouse.
    pub fn of_mice() -> impl Iterator<Item = Self> {
        (Self::LEFT.0..=Self::TASK.0).map(Self)
    }

    /// Whether a mouse has it.
    #[must_use]
    pub fn is_of_mice(self) -> bool {
        (Self::LEFT.0..=Self::TASK.0).contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its names and numbers; newer headers know more, older ones fewer.
    const HEADER: &str = "/usr/include/linux/input-event-codes.h";

    fn numbers(header: &str, prefix: &str) -> Vec<(String, u16)> {
        let definition = |line: &str| {
            let mut words = line.strip_prefix("#define")?.split_whitespace();
            let (name, value) = (words.next()?, words.next()?);
            let hex = value.strip_prefix("0x").map(|digits| u16::from_str_radix(digits, 16));
            let value = hex.unwrap_or_else(|| value.parse()).ok()?;
            name.strip_prefix(prefix).map(|name| (name.to_owned(), value))
        };
        header.lines().filter_map(definition).collect()
    }

    #[test]
    fn keyboards_have_every_key_of_the_kernels_header() {
        let Ok(header) = std::fs::read_to_string(HEADER) else {
            println!("NOT RUN: keys against the kernel's header: {HEADER} is not there");
            return;
        };
        let ends = ["RESERVED", "MAX", "CNT", "MIN_INTERESTING"];
        for (name, code) in numbers(&header, "KEY_").into_iter().filter(|(name, _)| !ends.contains(&name.as_str())) {
            assert!(Key(code).is_of_keyboards(), "KEY_{name} {code:#x}");
        }
        for (name, code) in numbers(&header, "BTN_") {
            assert!(!Key(code).is_of_keyboards(), "BTN_{name} {code:#x}");
        }
    }

    #[test]
    fn names_have_the_numbers_of_the_kernels_header() {
        let Ok(header) = std::fs::read_to_string(HEADER) else {
            println!("NOT RUN: codes against the kernel's header: {HEADER} is not there");
            return;
        };
        let is = |prefix: &str, name: &str, code: u16| {
            let found = numbers(&header, prefix).into_iter().find(|(known, _)| known == name);
            assert_eq!(found.map(|(_, code)| code), Some(code), "{prefix}{name}");
        };
        for (name, key) in [("LEFT", Key::LEFT), ("EXTRA", Key::EXTRA), ("TASK", Key::TASK), ("TOUCH", Key::TOUCH)] {
            is("BTN_", name, key.0);
        }
        is("REL_", "WHEEL_HI_RES", Relative::WHEEL_HI_RES.0);
        is("REL_", "HWHEEL_HI_RES", Relative::HWHEEL_HI_RES.0);
        is("REL_", "HWHEEL", Relative::HWHEEL.0);
        is("REL_", "WHEEL", Relative::WHEEL.0);
        is("ABS_", "MT_SLOT", Absolute::MT_SLOT.0);
        is("ABS_", "MT_POSITION_X", Absolute::MT_POSITION_X.0);
        is("ABS_", "MT_POSITION_Y", Absolute::MT_POSITION_Y.0);
        is("ABS_", "MT_TRACKING_ID", Absolute::MT_TRACKING_ID.0);
        is("INPUT_PROP_", "DIRECT", Property::DIRECT.0);
    }
}
