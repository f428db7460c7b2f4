//! The table `inet lunette`, as text for `nft -f`: one transaction each, so that nothing passes in between.

use std::fmt::Write;
use std::net::SocketAddrV4;

use lunette_desktop::Slot;

use super::facts::Surroundings;
use super::{address, interface};

/// Never part of the world: this machine, desktops, links (with the metadata services of clouds), many at once.
const NOWHERE: [&str; 8] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
];

/// The rules are the same for all desktops, and written anew each time: an older Lunette may have left others.
const RULES: &str = r#"add table inet lunette
add set inet lunette links { type ifname . ipv4_addr; }
add set inet lunette exports { type ifname . ipv4_addr . inet_service; }
add set inet lunette resolvers { type ipv4_addr; }
add set inet lunette neighbours { type ipv4_addr; flags interval; auto-merge; }
add chain inet lunette desktops
add chain inet lunette forward { type filter hook forward priority -10; policy accept; }
add chain inet lunette input { type filter hook input priority -10; policy accept; }
add chain inet lunette outbound { type nat hook postrouting priority 100; policy accept; }
flush chain inet lunette desktops
flush chain inet lunette forward
flush chain inet lunette input
flush chain inet lunette outbound
flush set inet lunette resolvers
flush set inet lunette neighbours
add rule inet lunette desktops meta nfproto != ipv4 drop
add rule inet lunette desktops iifname . ip saddr != @links drop
add rule inet lunette desktops ct state established,related accept
add rule inet lunette desktops iifname . ip daddr . tcp dport @exports accept
add rule inet lunette desktops ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
add rule inet lunette desktops ip daddr @neighbours drop
add rule inet lunette forward iifname "lun*" jump desktops
add rule inet lunette forward iifname "lun*" oifname "lun*" drop
add rule inet lunette forward iifname "lun*" accept
add rule inet lunette forward oifname "lun*" ct state != { established, related } drop
add rule inet lunette input iifname "lun*" jump desktops
add rule inet lunette input iifname "lun*" drop
add rule inet lunette outbound ip saddr 10.213.0.0/16 oifname != "lun*" masquerade
"#;

/// The table, with what it knows of the machine's surroundings.
pub(super) fn table(surroundings: &Surroundings) -> String {
    let neighbours = NOWHERE.iter().copied().chain(surroundings.neighbours.iter().map(String::as_str));
    let mut text = RULES.to_owned();
    element(&mut text, "add", "neighbours", &neighbours.collect::<Vec<_>>().join(", "));
    if !surroundings.resolvers.is_empty() {
        let resolvers: Vec<String> = surroundings.resolvers.iter().map(ToString::to_string).collect();
        element(&mut text, "add", "resolvers", &resolvers.join(", "));
    }
    text
}

/// Lets one desktop use its link, from its own address alone.
pub(super) fn admit(slot: Slot, export: Option<SocketAddrV4>) -> String {
    let mut text = String::new();
    element(&mut text, "add", "links", &link(slot));
    if let Some(export) = export {
        let there = format!("\"{}\" . {} . {}", interface(slot), export.ip(), export.port());
        element(&mut text, "add", "exports", &there);
    }
    text
}

/// Takes away what `table`, as listed by nft, has of this desktop.
pub(super) fn removal(slot: Slot, table: &str) -> String {
    let mut text = String::new();
    let name = format!("\"{}\" . ", interface(slot));
    for set in ["links", "exports"] {
        for found in elements(table, set).filter(|element| element.starts_with(&name)) {
            element(&mut text, "delete", set, found);
        }
    }
    text
}

/// The elements of a set in a listing: `set NAME { … elements = { A, B } }`.
fn elements<'a>(table: &'a str, set: &str) -> impl Iterator<Item = &'a str> {
    let list = table
        .split_once(&format!("set {set} {{"))
        .map(|(_, rest)| rest.split_once("\n\t}").map_or(rest, |(own, _)| own))
        .and_then(|own| own.split_once("elements = {"))
        .map_or("", |(_, list)| list.split_once('}').map_or(list, |(list, _)| list));
    list.split(',').map(str::trim).filter(|element| !element.is_empty())
}

fn link(slot: Slot) -> String {
    format!("\"{}\" . {}", interface(slot), address(slot.subnet().desktop))
}

fn element(text: &mut String, verb: &str, set: &str, elements: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{verb} element inet lunette {set} {{ {elements} }}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: u16) -> Slot {
        Slot::new(number).unwrap()
    }

    #[test]
    fn a_desktop_is_admitted_by_interface_and_address() {
        assert_eq!(
            admit(slot(3), Some("10.0.2.2:15937".parse().unwrap())),
            "add element inet lunette links { \"lun3\" . 10.213.0.14 }\n\
             add element inet lunette exports { \"lun3\" . 10.0.2.2 . 15937 }\n"
        );
    }

    #[test]
    fn the_surroundings_are_in_the_table() {
        let text = table(&Surroundings {
            resolvers: vec!["10.0.2.3".parse().unwrap()],
            neighbours: vec!["203.0.113.0/24".to_owned()],
        });
        assert!(text.ends_with(
            "add element inet lunette neighbours { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, \
             169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3, 203.0.113.0/24 }\nadd element inet lunette resolvers { 10.0.2.3 }\n"
        ));
    }

    #[test]
    fn removal_names_what_is_there_of_that_slot_and_no_other() {
        let listing = "table inet lunette {\n\tset links {\n\t\ttype ifname . ipv4_addr\n\t\telements = { \"lun3\" . \
                       10.213.0.14,\n\t\t\t     \"lun30\" . 10.213.0.122 }\n\t}\n\n\tset exports {\n\t\ttype ifname\n\t}\n}";
        assert_eq!(removal(slot(3), listing), "delete element inet lunette links { \"lun3\" . 10.213.0.14 }\n");
        assert_eq!(removal(slot(4), listing), "");
        assert_eq!(removal(slot(3), ""), "");
    }
}
