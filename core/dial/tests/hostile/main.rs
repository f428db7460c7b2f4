//! Any bytes, from anybody who reaches a control channel, or who speaks through a tunnel.

#![forbid(unsafe_code)]

mod properties;

use proptest::prelude::*;

/// Bytes that get further than random ones do: lines that are nearly right.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![Just("keep-alive"), Just("conn-ready"), Just("pickup-failed"), Just("sing")];
    let id = "[0-9a-f]{30,34}";
    let path = (id, id, any::<bool>()).prop_map(|(dialer, request, twice)| {
        let more = if twice { "&revdial.req=1" } else { "" };
        format!("/revdial?revdial.dialer={dialer}&revdial.req={request}{more}")
    });
    let path = prop_oneof![path, "\\PC{0,40}"];
    (command, path, "\\PC{0,700}", any::<[bool; 3]>()).prop_map(|(command, path, why, [has_path, has_why, ends])| {
        let mut object = serde_json::json!({ "command": command });
        if has_path {
            object["connPath"] = path.into();
        }
        if has_why {
            object["err"] = why.into();
        }
        format!("{object}{}", if ends { "\n" } else { "" }).into_bytes()
    })
}

/// Heads with every length and flag, and some of what they announce.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![8 => prop::sample::select(vec![0_u8, 1, 2, 8, 9, 10]), 1 => 0_u8..16];
    let length = prop_oneof![6 => 0_usize..130, 1 => 130_usize..3000];
    (opcode, any::<bool>(), prop::bool::weighted(0.9), length, any::<u8>()).prop_map(
        |(opcode, masked, fin, length, fill)| {
            let mask = if masked { 0x80 } else { 0 };
            let mut bytes = vec![opcode | if fin { 0x80 } else { 0 }];
            match u8::try_from(length).ok().filter(|short| *short < 126) {
                Some(short) => bytes.push(mask | short),
                None => {
                    bytes.push(mask | 126);
                    bytes.extend(u16::try_from(length).expect("a length").to_be_bytes());
                }
            }
            bytes.extend(if masked { &[1, 2, 3, 4][..] } else { &[] });
            bytes.resize(bytes.len() + length, fill);
            bytes
        },
    )
}

fn many(one: impl Strategy<Value = Vec<u8>>, head: usize) -> impl Strategy<Value = Vec<u8>> {
    let head = prop::collection::vec(any::<u8>(), head);
    (head, prop::collection::vec(one, 0..8)).prop_map(|(head, many)| [head, many.concat()].concat())
}

/// Bytes of which some were written by nobody.
fn spoilt(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let spots = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (bytes, spots).prop_map(|(mut bytes, spots)| {
        for (spot, value) in spots {
            if !bytes.is_empty() {
                let at = spot.index(bytes.len());
                bytes[at] = value;
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn lines_of_anybody_are_the_same_however_they_are_cut_or_are_refused(
        data in prop_oneof![spoilt(many(line(), 1)), prop::collection::vec(any::<u8>(), 0..600)],
    ) {
        properties::lines_of_any_bytes(&data);
    }

    #[test]
    fn frames_of_anybody_come_out_of_a_relay_whole_or_not_at_all(
        data in prop_oneof![spoilt(many(frame(), 2)), prop::collection::vec(any::<u8>(), 0..600)],
    ) {
        properties::frames_of_any_bytes(&data);
    }
}
