//! The properties: their names, limits and texts.

use gst::glib;
use gst::prelude::*;
use lunette_remote_encode::Settings as ClientSettings;

use crate::settings::{Settings, text};

/// Every property, in the order in which `gst-inspect-1.0` should explain them.
pub(crate) fn all() -> Vec<glib::ParamSpec> {
    let defaults = Settings::default();
    let most = u32::try_from(ClientSettings::MOST_IN_FLIGHT).unwrap_or(1);
    let text = |name, nick, blurb| glib::ParamSpecString::builder(name).nick(nick).blurb(blurb).mutable_ready().build();
    let number =
        |name, nick, blurb, default| glib::ParamSpecUInt::builder(name).nick(nick).blurb(blurb).default_value(default);
    vec![
        text("socket-path", "Socket path", "Unix socket of the host; goes before tcp-host and vsock"),
        text("tcp-host", "TCP host", "Name, IPv4 or IPv6 address of the host; goes before vsock"),
        number("tcp-port", "TCP port", "Port of the TCP host", defaults.tcp_port.into())
            .minimum(1)
            .maximum(65_535)
            .mutable_ready()
            .build(),
        number("cid", "Context", "Vsock context of the host", defaults.cid).mutable_ready().build(),
        number("port", "Vsock port", "Vsock port of the host", defaults.port).mutable_ready().build(),
        text("token", "Token", "64 hexadecimal digits that are shown to the host"),
        number("bitrate", "Bit rate", "Ceiling in bits per second, at least 10000", defaults.bitrate)
            .minimum(1)
            .mutable_playing()
            .build(),
        number(
            "keyframe-interval",
            "Keyframe interval",
            "A keyframe every so many pictures that travel; 0: only where one is needed",
            defaults.keyframe_interval,
        )
        .mutable_ready()
        .build(),
        number("max-in-flight", "Most in flight", "Pictures that may wait for the host", defaults.max_in_flight)
            .minimum(1)
            .maximum(most)
            .mutable_ready()
            .build(),
        number("timeout", "Timeout", "How long the host may take, in milliseconds", defaults.timeout_ms)
            .minimum(1)
            .mutable_ready()
            .build(),
        glib::ParamSpecBoolean::builder("reconnect")
            .nick("Reconnect")
            .blurb("Connect again when the host is gone; otherwise that is an error of the element")
            .default_value(defaults.reconnect)
            .mutable_ready()
            .build(),
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("What the element did since it left READY")
            .read_only()
            .build(),
    ]
}

impl Settings {
    /// Takes a property over. GObject has checked its type and its limits.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) {
        let number = || value.get::<u32>().unwrap_or_default();
        let words = || text(value.get::<Option<String>>().unwrap_or_default());
        match name {
            "socket-path" => self.socket_path = words(),
            "tcp-host" => self.tcp_host = words(),
            "tcp-port" => self.tcp_port = u16::try_from(number()).unwrap_or(self.tcp_port),
            "cid" => self.cid = number(),
            "port" => self.port = number(),
            "token" => self.token = words(),
            "bitrate" => self.bitrate = number(),
            "keyframe-interval" => self.keyframe_interval = number(),
            "max-in-flight" => self.max_in_flight = number(),
            "timeout" => self.timeout_ms = number(),
            "reconnect" => self.reconnect = value.get().unwrap_or(self.reconnect),
            _ => {}
        }
    }

    /// The value of a property other than `stats`.
    pub(crate) fn get(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "socket-path" => self.socket_path.to_value(),
            "tcp-host" => self.tcp_host.to_value(),
            "tcp-port" => u32::from(self.tcp_port).to_value(),
            "cid" => self.cid.to_value(),
            "port" => self.port.to_value(),
            "token" => self.token.to_value(),
            "bitrate" => self.bitrate.to_value(),
            "keyframe-interval" => self.keyframe_interval.to_value(),
            "max-in-flight" => self.max_in_flight.to_value(),
            "timeout" => self.timeout_ms.to_value(),
            "reconnect" => self.reconnect.to_value(),
            _ => return None,
        })
    }
}
