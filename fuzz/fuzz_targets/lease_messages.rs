//! Lease requests and replies: whatever decodes encodes to bytes that decode to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_wire::lease::{LongReply, Reply, Request};

fuzz_target!(|data: &[u8]| {
    let request = &data[..data.len().min(data.first().map_or(0, |command| Request::len_of(*command)))];
    if let Ok(request) = Request::decode(request) {
        assert_eq!(Request::decode(&request.encode()), Ok(request));
    }
    if let Some(Ok(reply)) = data.first_chunk().map(LongReply::decode) {
        let settled = LongReply::decode(&reply.encode()).expect("what was a reply stays one");
        assert_eq!(LongReply::decode(&settled.encode()), Ok(settled));
    }
    if let Some(Ok(reply)) = data.first_chunk().map(Reply::decode) {
        // Bytes that are not UTF-8 grow to U+FFFD and may be cut: the first encoding settles the text.
        let settled = Reply::decode(&reply.encode()).expect("what was a reply stays one");
        assert_eq!(Reply::decode(&settled.encode()), Ok(settled));
    }
});
