//! What QEMU says, line by line.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::events::Event;

/// Which QEMU is at the other end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub micro: u32,
    /// The packager's name for the build; may be empty.
    pub package: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

/// Why QEMU refused a command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) class: String,
    #[serde(rename = "desc")]
    pub(crate) description: String,
}

/// The outcome of a command.
pub(crate) type Reply = Result<Value, Refusal>;

/// One line from QEMU.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    Greeting(Version),
    Reply { id: u64, reply: Reply },
    Event(Event),
}

/// A line that QMP does not have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotQmp {
    #[error("not a QMP object: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a reply without our id")]
    NoId,
    #[error("an object of no known kind")]
    Unknown,
}

impl Incoming {
    /// Reads one line.
    pub(crate) fn decode(line: &[u8]) -> Result<Self, NotQmp> {
        let wire: Wire = serde_json::from_slice(line)?;
        if let Some(greeting) = wire.greeting {
            return Ok(Self::Greeting(greeting.version.into()));
        }
        if let Some(name) = wire.event {
            let timestamp = wire.timestamp.and_then(WireTime::since_epoch);
            return Ok(Self::Event(Event { name, data: wire.data, timestamp }));
        }
        let reply = match (wire.returned, wire.error) {
            (_, Some(refusal)) => Err(refusal),
            (Some(value), None) => Ok(value),
            (None, None) => return Err(NotQmp::Unknown),
        };
        Ok(Self::Reply { id: wire.id.and_then(|id| id.as_u64()).ok_or(NotQmp::NoId)?, reply })
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "QMP")]
    greeting: Option<WireGreeting>,
    #[serde(default, rename = "return", deserialize_with = "present")]
    returned: Option<Value>,
    error: Option<Refusal>,
    id: Option<Value>,
    event: Option<String>,
    #[serde(default)]
    data: Value,
    timestamp: Option<WireTime>,
}

/// A key that is there with `null` is there.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

#[derive(Deserialize)]
struct WireGreeting {
    version: WireVersion,
}

#[derive(Deserialize)]
struct WireVersion {
    qemu: WireNumbers,
    #[serde(default)]
    package: String,
}

#[derive(Deserialize)]
struct WireNumbers {
    major: u32,
    minor: u32,
    micro: u32,
}

impl From<WireVersion> for Version {
    fn from(WireVersion { qemu, package }: WireVersion) -> Self {
        Self { major: qemu.major, minor: qemu.minor, micro: qemu.micro, package }
    }
}

#[derive(Deserialize)]
struct WireTime {
    seconds: i64,
    microseconds: i64,
}

impl WireTime {
    /// QEMU writes -1 when its host has no time.
    fn since_epoch(self) -> Option<Duration> {
        let seconds = u64::try_from(self.seconds).ok()?;
        let micros = u32::try_from(self.microseconds).ok().filter(|&micros| micros < 1_000_000)?;
        Some(Duration::new(seconds, micros * 1000))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_greeting_tells_the_version() {
        let line = br#"{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": "Debian"},
            "capabilities": ["oob"]}}"#;
        let Ok(Incoming::Greeting(version)) = Incoming::decode(line) else { panic!("no greeting") };
        assert_eq!((version.to_string().as_str(), version.package.as_str()), ("10.0.2", "Debian"));
    }

    #[test]
    fn a_refusal_keeps_class_and_description() {
        let line = br#"{"id": 4, "error": {"class": "CommandNotFound", "desc": "no such"}}"#;
        let refusal = Refusal { class: "CommandNotFound".into(), description: "no such".into() };
        assert_eq!(Incoming::decode(line).unwrap(), Incoming::Reply { id: 4, reply: Err(refusal) });
    }

    #[test]
    fn a_null_return_is_a_reply() {
        let line = br#"{"return": null, "id": 1}"#;
        assert_eq!(Incoming::decode(line).unwrap(), Incoming::Reply { id: 1, reply: Ok(Value::Null) });
    }

    #[test]
    fn an_event_keeps_its_data_and_time() {
        let line = br#"{"timestamp": {"seconds": 7, "microseconds": 5}, "event": "RESET", "data": {"guest": true}}"#;
        let expected = Event {
            name: "RESET".into(),
            data: json!({ "guest": true }),
            timestamp: Some(Duration::from_micros(7_000_005)),
        };
        assert_eq!(Incoming::decode(line).unwrap(), Incoming::Event(expected));
    }

    #[test]
    fn a_host_without_time_gives_none() {
        let line = br#"{"timestamp": {"seconds": -1, "microseconds": -1}, "event": "STOP"}"#;
        let Ok(Incoming::Event(event)) = Incoming::decode(line) else { panic!("no event") };
        assert_eq!(event.timestamp, None);
    }

    #[test]
    fn a_reply_without_id_and_an_unknown_object_are_refused() {
        assert!(matches!(Incoming::decode(br#"{"return": {}}"#), Err(NotQmp::NoId)));
        assert!(matches!(Incoming::decode(br#"{"hello": {}}"#), Err(NotQmp::Unknown)));
        assert!(matches!(Incoming::decode(b"[]"), Err(NotQmp::Json(_) | NotQmp::Unknown)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Incoming::decode(&line);
        }
    }
}
