//! First messages: whatever is an init stays within its limits, and is the same when it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_frame::Size;
use lunette_wire::stream::Init;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(init) = Init::parse(text) else { return };
    let Size { width, height } = init.size_or(Size::new(1, 1));
    assert!((1..=Init::MAX_SIDE).contains(&width) && (1..=Init::MAX_SIDE).contains(&height));
    assert!((1..=Init::MAX_FPS).contains(&init.fps));
    for id in [&init.session_id, &init.client_unique_id, &init.user_id].into_iter().flatten() {
        assert!((1..=Init::MAX_ID).contains(&id.len()));
    }
    assert!(init.user_name.as_ref().is_none_or(|name| name.len() <= Init::MAX_NAME));
    assert_eq!(Init::parse(&init.to_json()), Ok(init));
});
