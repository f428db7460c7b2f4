//! Both ends of a link, as lines for `ip -batch`.

use lunette_desktop::{DesktopId, Slot};

use super::{address, interface};

/// What tells whose an interface is.
pub(super) fn alias(id: &DesktopId) -> String {
    format!("lunette:{id}")
}

/// The machine's end, left down.
pub(super) fn outer(id: &DesktopId, slot: Slot, pid: i32) -> String {
    let (name, subnet, alias) = (interface(slot), slot.subnet(), alias(id));
    let (host, prefix) = (address(subnet.host), subnet.prefix);
    format!(
        "link add {name} type veth peer name eth0 netns {pid}\n\
         link set dev {name} alias {alias}\n\
         address add {host}/{prefix} dev {name}\n"
    )
}

/// The desktop's end.
pub(super) fn inner(slot: Slot) -> String {
    let subnet = slot.subnet();
    let (host, desktop, prefix) = (address(subnet.host), address(subnet.desktop), subnet.prefix);
    format!("{}address add {desktop}/{prefix} dev eth0\nlink set eth0 up\nroute add default via {host}\n", alone())
}

/// A desktop with no link still talks to itself.
pub(super) fn alone() -> String {
    "link set lo up\n".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_slot_65() {
        let slot = Slot::new(65).unwrap();
        assert_eq!(
            outer(&"a-b".parse().unwrap(), slot, 42),
            "link add lun65 type veth peer name eth0 netns 42\n\
             link set dev lun65 alias lunette:a-b\n\
             address add 10.213.1.5/30 dev lun65\n"
        );
        assert_eq!(
            inner(slot),
            "link set lo up\naddress add 10.213.1.6/30 dev eth0\nlink set eth0 up\n\
             route add default via 10.213.1.5\n"
        );
    }
}
