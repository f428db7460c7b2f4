//! How fast pictures go through the element.

fn main() {}
