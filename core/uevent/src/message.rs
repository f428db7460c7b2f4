//! Messages of udevd, which libudev's monitors take: a header of 40 bytes, then `KEY=value` fields.
//!
//! ```text
//!   0 "libudev\0"   8 magic, big-endian       12 header's size   16 offset of the fields   20 their length
//!   24 hash of the subsystem, big-endian      28 of the DEVTYPE  32 filter of tags, upper half, 36 lower
//! ```
//!
//! Numbers of which nothing else is said are in the machine's own order.

use crate::event::LONGEST;
use crate::hash::{murmur2, tag_bits};
use crate::{Event, EventError};

const PREFIX: [u8; 8] = *b"libudev\0";
const MAGIC: u32 = 0xfeed_cafe;
/// Bytes of the header.
const HEADER: u32 = 40;

/// The bytes of the message that tells `event`.
///
/// # Errors
/// When it is longer than the kernel's events are.
pub fn encode(event: &Event) -> Result<Vec<u8>, EventError> {
    let fields = event.fields();
    if fields.len() > LONGEST {
        return Err(EventError::TooLong(fields.len()));
    }
    let length = u32::try_from(fields.len()).unwrap_or(u32::MAX);
    let tags = event.get("TAGS").unwrap_or_default().split(':').filter(|tag| !tag.is_empty());
    let filter = tags.fold(0, |bits, tag| bits | tag_bits(tag));
    let mut bytes = PREFIX.to_vec();
    bytes.extend(MAGIC.to_be_bytes());
    for number in [HEADER, HEADER, length] {
        bytes.extend(number.to_ne_bytes());
    }
    bytes.extend(murmur2(event.subsystem()).to_be_bytes());
    // No hash at all, rather than that of an empty text, is what says that there is no DEVTYPE.
    bytes.extend(event.get("DEVTYPE").map_or(0, murmur2).to_be_bytes());
    bytes.extend(filter.to_be_bytes());
    bytes.extend(fields);
    Ok(bytes)
}

/// The event that a message tells.
///
/// # Errors
/// When the bytes are no message of udevd.
pub fn decode(bytes: &[u8]) -> Result<Event, EventError> {
    if bytes.get(..PREFIX.len()) != Some(&PREFIX) {
        return Err(EventError::Header("another prefix"));
    }
    if word(bytes, 8).map(u32::from_be_bytes) != Some(MAGIC) {
        return Err(EventError::Header("another magic number"));
    }
    let number = |at| word(bytes, at).and_then(|word| usize::try_from(u32::from_ne_bytes(word)).ok());
    let (Some(size), Some(start), Some(length)) = (number(12), number(16), number(20)) else {
        return Err(EventError::Header("too short"));
    };
    let end = start.checked_add(length).ok_or(EventError::Header("fields without end"))?;
    let header = usize::try_from(HEADER).unwrap_or(usize::MAX);
    if size < header || start < size || end > bytes.len() {
        return Err(EventError::Header("fields outside of the message"));
    }
    Event::from_fields(&bytes[start..end])
}

fn word(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at + 4)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeviceNumber, Entry};

    #[test]
    fn a_message_has_the_bytes_that_udevd_sends() {
        let event = Event::new("change", "/devices/x/drm/card0", "drm", 7).with("DEVTYPE", "drm_minor");
        let bytes = encode(&event.with("TAGS", ":seat:")).unwrap();
        let fields =
            b"ACTION=change\0DEVPATH=/devices/x/drm/card0\0DEVTYPE=drm_minor\0SEQNUM=7\0SUBSYSTEM=drm\0TAGS=:seat:\0";
        let mut expected = b"libudev\0\xfe\xed\xca\xfe".to_vec();
        expected.extend([40_u32, 40, 96].map(u32::to_ne_bytes).concat());
        expected.extend(b"\x16\x66\x41\x79\x1c\xa6\x54\x1e");
        // Hash of "seat" 0x435b3e40: bits 0, 57, 51 and 22.
        expected.extend(0x0208_0000_0040_0001_u64.to_be_bytes());
        expected.extend(fields);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn no_devtype_is_no_hash() {
        let bytes = encode(&Event::new("add", "/devices/x", "input", 1)).unwrap();
        assert_eq!(bytes[28..40], [0; 12]);
    }

    #[test]
    fn headers_that_point_outside_are_refused() {
        let card = DeviceNumber { major: 226, minor: 0 };
        let event = Event::new("add", "/devices/x", "drm", 1).with_node(card, "dri/card0");
        let bytes = encode(&event.as_udevd(&Entry::card(card, 1))).unwrap();
        for (at, word) in [(12, 0_u32), (12, 41), (16, 0), (16, u32::MAX), (20, u32::MAX), (20, 100_000)] {
            let mut bad = bytes.clone();
            bad[at..at + 4].copy_from_slice(&word.to_ne_bytes());
            assert!(matches!(decode(&bad), Err(EventError::Header(_))), "{at}: {word}");
        }
        for length in 0..40 {
            assert!(decode(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
