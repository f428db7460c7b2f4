//! A person's browser, where there is a screen.

use std::process::{Command, Stdio};

/// Opens an address, where that can be done; nothing depends on it.
pub(crate) fn open(address: &str) {
    let screen = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if !screen && !cfg!(target_os = "macos") {
        return;
    }
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // The address is printed, too.
    let _ = command.spawn();
}
