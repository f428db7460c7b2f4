//! Desktop entries of applications: nothing panics, and what can be launched has a program.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_desktop_session::Application;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(application) = Application::parse("it".to_owned(), text) else { return };
    assert!(!application.command.is_empty(), "an application without a program");
    assert!(application.command.iter().map(String::len).sum::<usize>() <= text.len(), "words out of nothing");
});
