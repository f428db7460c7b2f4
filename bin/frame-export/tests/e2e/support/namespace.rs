//! A network namespace with one cable to ours, which can be made to swallow every packet.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::SOON;

/// The namespace; dropping it removes it and the cable.
pub(crate) struct Namespace {
    name: String,
    /// Third octet of both ends' addresses.
    net: u8,
}

impl Namespace {
    /// Makes the namespace.
    ///
    /// # Errors
    /// What the system said, where it does not allow that.
    pub(crate) fn new() -> Result<Self, String> {
        let pid = std::process::id();
        let namespace = Self { name: format!("fe{pid}"), net: u8::try_from(pid % 250).expect("below 250") };
        let Self { name, .. } = &namespace;
        let (ours, theirs) = (namespace.address(1), namespace.address(2));
        ip(&format!("netns add {name}"))?;
        for command in [
            format!("link add {name}a type veth peer name {name}b netns {name}"),
            format!("addr add {ours}/24 dev {name}a"),
            format!("link set {name}a up"),
            format!("-n {name} addr add {theirs}/24 dev {name}b"),
            format!("-n {name} link set {name}b up"),
        ] {
            ip(&command)?;
        }
        Ok(namespace)
    }

    fn address(&self, end: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 213, self.net, end)
    }

    /// Our end of the cable.
    pub(crate) fn host(&self) -> IpAddr {
        self.address(1).into()
    }

    /// A connection from inside the namespace.
    pub(crate) fn connect(&self, to: SocketAddr) -> TcpStream {
        let namespace = File::open(format!("/run/netns/{}", self.name)).expect("we made it");
        // The thread ends inside; its socket stays there and works from everywhere.
        let inside = std::thread::spawn(move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("we may");
            TcpStream::connect_timeout(&to, SOON).expect("the server accepts")
        });
        inside.join().expect("connected")
    }

    /// From now on nothing that the namespace sends leaves it, and nobody is told.
    pub(crate) fn swallow(&self) {
        ip(&format!("-n {} route add blackhole {}/32", self.name, self.host())).expect("it is ours");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Half of it may be missing when it could not be made.
        let _ = ip(&format!("link del {}a", self.name));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(()).ok_or_else(|| format!("ip {arguments}: {}", said.trim()))
}
