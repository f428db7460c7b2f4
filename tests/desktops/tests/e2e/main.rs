//! Real desktops in a real guest; see the library.

mod bridges;
mod deaths;
mod gnome;
mod isolation;
mod side_by_side;
mod support;
mod up;
