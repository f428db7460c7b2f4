//! Events as the kernel sends them: `action@path`, then `KEY=value` fields, each ended by a NUL.

use crate::{Event, EventError};

/// Reads one.
///
/// # Errors
/// When the bytes are not an event of the kernel. What udevd sends is none.
pub fn parse(bytes: &[u8]) -> Result<Event, EventError> {
    let head = bytes.iter().position(|byte| *byte == 0).ok_or(EventError::Header("no end of the first line"))?;
    let (head, fields) = bytes.split_at(head);
    let event = Event::from_fields(fields)?;
    let expected = format!("{}@{}", event.action(), event.devpath());
    if head == expected.as_bytes() { Ok(event) } else { Err(EventError::Header("first line and fields differ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOTPLUG: &[u8] = b"change@/devices/pci0000:00/0000:00:02.0/virtio0/drm/card0\0ACTION=change\0\
        DEVPATH=/devices/pci0000:00/0000:00:02.0/virtio0/drm/card0\0SUBSYSTEM=drm\0HOTPLUG=1\0MAJOR=226\0MINOR=0\0\
        DEVNAME=dri/card0\0DEVTYPE=drm_minor\0SEQNUM=1234\0";

    #[test]
    fn an_event_of_the_kernel_is_read() {
        let event = parse(HOTPLUG).unwrap();
        assert_eq!((event.action(), event.subsystem()), ("change", "drm"));
        assert_eq!(event.devpath(), "/devices/pci0000:00/0000:00:02.0/virtio0/drm/card0");
        assert_eq!((event.get("HOTPLUG"), event.get("SEQNUM")), (Some("1"), Some("1234")));
        assert_eq!(event.key().to_string(), "c226:0");
    }

    #[test]
    fn what_is_not_from_the_kernel_is_refused() {
        assert!(parse(b"").is_err());
        assert!(parse(b"libudev\0\xfe\xed\xca\xfe").is_err());
        assert_eq!(parse(b"add@/devices/x\0ACTION=add\0"), Err(EventError::Missing("DEVPATH")));
        let differs = b"add@/devices/y\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=drm\0SEQNUM=1\0";
        assert_eq!(parse(differs), Err(EventError::Header("first line and fields differ")));
        assert_eq!(parse(&[b'a'; 9000]), Err(EventError::Header("no end of the first line")));
    }
}
