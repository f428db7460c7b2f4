//! Lines for a desktop's input socket.

use std::fmt::Write;

/// What typing `text` on a US keyboard sends; letters and line ends only.
pub(crate) fn typed(text: &str) -> String {
    let mut lines = String::new();
    for character in text.chars() {
        let code = code(character).unwrap_or_else(|| panic!("no key for {character:?}"));
        lines.push_str(&pressed(u32::try_from(code).expect("codes are small")));
    }
    lines
}

/// What pressing and letting go of a key sends.
pub(crate) fn pressed(code: u32) -> String {
    let mut lines = String::new();
    for state in [1, 0] {
        writeln!(lines, r#"{{"type":"key","keycode":{code},"state":{state}}}"#).expect("a String takes all");
    }
    lines
}

/// evdev's codes.
fn code(character: char) -> Option<usize> {
    let rows = [(16, "qwertyuiop"), (30, "asdfghjkl"), (44, "zxcvbnm"), (57, " "), (28, "\n")];
    rows.iter().find_map(|(first, keys)| keys.find(character).map(|at| first + at))
}
