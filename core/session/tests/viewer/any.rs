//! A connection to which anything happens.

use std::time::Duration;

use lunette_input_events::ParticipantId;
use lunette_session::{Facts, Letter, Out, Payload};
use lunette_wire::stream::{ServerControl, ServerMessage};
use proptest::prelude::*;

use crate::table::{EARLIER, KNOWING, SIZE, Table, is_explained};

/// Something that happens to a connection.
#[derive(Debug, Clone)]
enum Step {
    Text(String),
    Binary(Vec<u8>),
    Joined,
    Show,
    Confirm,
    Pass(u64),
    Letter,
    Gone,
}

fn step() -> impl Strategy<Value = Step> {
    let control = r#" ?\{"(set_video_enabled|timings|release_keys)": (true|false|7)\}"#;
    prop_oneof![
        prop_oneof![Just(EARLIER.to_owned()), Just(KNOWING.to_owned()), any::<String>()].prop_map(Step::Text),
        prop::collection::vec(any::<u8>(), 0..30).prop_map(Step::Binary),
        control.prop_map(|json| Step::Binary(json.into_bytes())),
        Just(Step::Joined),
        Just(Step::Show),
        Just(Step::Confirm),
        (0..40_000_u64).prop_map(Step::Pass),
        Just(Step::Letter),
        Just(Step::Gone),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_nothing_follows_a_close_and_a_cause_precedes_it(steps in prop::collection::vec(step(), 0..60)) {
        let mut table = Table::new();
        let mut all = Vec::new();
        for step in steps {
            match step {
                Step::Text(text) => table.viewer.handle_text(table.now, &text),
                Step::Binary(bytes) => table.viewer.handle_binary(table.now, &bytes),
                Step::Joined => table.viewer.joined(&Facts::of(SIZE)),
                Step::Show => table.show(),
                Step::Confirm => table.confirm(),
                Step::Pass(millis) => all.extend(table.pass(Duration::from_millis(millis))),
                Step::Letter => table.viewer.handle_letter(&Letter::Message(ServerMessage::SelfId(ParticipantId(1)))),
                Step::Gone => table.viewer.handle_gone(),
            }
            let now = table.now;
            all.extend(table.outputs().into_iter().map(|out| (now, out)));
        }
        if let Some(close) = all.iter().position(|(_, out)| matches!(out, Out::Close(_))) {
            prop_assert_eq!(close, all.len() - 1);
            prop_assert!(is_explained(&all));
        }
        let extension = |out: &Out| match out {
            Out::Send(Payload::Binary(bytes)) => {
                matches!(ServerMessage::decode(bytes), Ok(ServerMessage::Control(ServerControl::Video(_))))
            }
            _ => false,
        };
        let knows = all.iter().any(|(_, out)| matches!(out, Out::Join(init) if init.knows_extensions()));
        prop_assert!(knows || !all.iter().any(|(_, out)| extension(out)));
    }
}
