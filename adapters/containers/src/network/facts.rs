//! What the machine's own network looks like.

use std::fs;
use std::net::Ipv4Addr;

use serde::Deserialize;

use crate::Error;
use crate::tool::IP;

/// Where resolved writes the servers behind its own loopback address.
const RESOLV_CONF: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/// Routes to more than this are the way out, not a neighbourhood: some VPNs split the default route in two.
const WIDEST: u8 = 4;

/// What the rules speak of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Surroundings {
    pub(super) resolvers: Vec<Ipv4Addr>,
    /// Networks and single machines, as nft writes them.
    pub(super) neighbours: Vec<String>,
}

pub(super) async fn surroundings() -> Result<Surroundings, Error> {
    let routes = IP.run("list routes", &["-json", "-4", "route", "show"], "").await?;
    Ok(Surroundings { resolvers: resolvers(), neighbours: neighbours(&routes) })
}

/// Files by which names are found inside.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    hostname: String,
    pub(crate) resolvers: Vec<Ipv4Addr>,
}

/// For a container of this name.
pub(crate) fn names(hostname: &str) -> Names {
    Names { hostname: hostname.to_owned(), resolvers: resolvers() }
}

impl Names {
    /// Names below /etc, and texts.
    pub(crate) fn files(&self) -> [(&'static str, String); 3] {
        let resolv = self.resolvers.iter().map(|server| format!("nameserver {server}\n")).collect();
        let name = &self.hostname;
        [
            ("resolv.conf", resolv),
            ("hosts", format!("127.0.0.1 localhost\n127.0.1.1 {name}\n")),
            ("hostname", format!("{name}\n")),
        ]
    }
}

fn resolvers() -> Vec<Ipv4Addr> {
    let read = |path: &&str| fs::read_to_string(path).map(|text| servers(&text)).unwrap_or_default();
    RESOLV_CONF.iter().map(read).find(|servers| !servers.is_empty()).unwrap_or_default()
}

/// A server on the machine's loopback is out of a container's reach.
fn servers(resolv_conf: &str) -> Vec<Ipv4Addr> {
    let server = |line: &str| line.trim().strip_prefix("nameserver")?.trim().parse::<Ipv4Addr>().ok();
    resolv_conf.lines().filter_map(server).filter(|address| !address.is_loopback()).collect()
}

#[derive(Deserialize)]
struct Route {
    dst: String,
    gateway: Option<String>,
}

fn neighbours(routes: &str) -> Vec<String> {
    let routes: Vec<Route> = serde_json::from_str(routes).unwrap_or_default();
    let mut found: Vec<String> =
        routes.into_iter().flat_map(|route| [Some(route.dst), route.gateway]).flatten().collect();
    found.retain(|text| is_neighbourhood(text));
    found.sort_unstable();
    found.dedup();
    found
}

fn is_neighbourhood(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
    address.parse::<Ipv4Addr>().is_ok() && prefix.parse::<u8>().is_ok_and(|prefix| (WIDEST..=32).contains(&prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_on_the_loopback_are_left_out() {
        let text = "# x\nnameserver 127.0.0.53\nnameserver 10.0.2.3\nnameserver fe80::1\nsearch a\n";
        assert_eq!(servers(text), [Ipv4Addr::new(10, 0, 2, 3)]);
    }

    #[test]
    fn gateways_and_subnets_are_neighbours_and_the_world_is_not() {
        let routes = r#"[{"dst":"default","gateway":"10.0.2.2","dev":"eth0"},{"dst":"10.0.2.0/24","dev":"eth0"},
            {"dst":"0.0.0.0/1","gateway":"10.8.0.1"},{"dst":"192.0.2.7","dev":"x"}]"#;
        assert_eq!(neighbours(routes), ["10.0.2.0/24", "10.0.2.2", "10.8.0.1", "192.0.2.7"]);
        assert!(neighbours("").is_empty());
    }
}
