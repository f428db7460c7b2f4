//! The picture behind everything: the desktop's colour and its name.

use lunette_desktop::Order;

use crate::colour::Colour;

/// Longest name that still fits at a size that can be read.
const LONGEST: usize = 40;

/// An SVG that fits any size of screen.
pub(crate) fn svg(order: &Order) -> String {
    let (colour, darker) = (Colour::of(order.slot), Colour::darker(order.slot));
    let name: String = order.name.chars().take(LONGEST).collect();
    // Narrower for long names; 1600 units are the width of the picture.
    let size = (1400 / name.chars().count().max(8)).min(150);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="900" viewBox="0 0 1600 900" preserveAspectRatio="xMidYMid slice">
<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{colour}"/><stop offset="1" stop-color="{darker}"/></linearGradient></defs>
<rect width="1600" height="900" fill="url(#g)"/>
<text x="800" y="470" fill="#ffffff" fill-opacity="0.92" font-family="Noto Sans, DejaVu Sans, sans-serif" font-weight="bold" font-size="{size}" text-anchor="middle">{}</text>
</svg>
"##,
        escaped(&name)
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // No XML may hold these.
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_picture() {
        assert_eq!(escaped("a<b>&\u{0}c"), "a&lt;b&gt;&amp; c");
    }
}
