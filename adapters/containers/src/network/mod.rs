//! A desktop's network: a link of its own to the machine, and rules for what may pass over it.
//!
//! ```text
//!   eth0 10.213.0.14/30 ── lun3 10.213.0.13/30 ── rules ── masquerade ── uplink
//!   (desktop's namespace)  (the machine's)         │
//!                                                  ╳ machine, neighbours, other desktops
//! ```

mod facts;
mod links;
mod rules;

use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use lunette_desktop::{DesktopId, Slot};
use lunette_sys_mount::in_network_namespace;

pub(crate) use facts::{Names, names};

use crate::plan::{ContainerPlan, NetworkPlan};
use crate::tool::{IP, NFT};
use crate::{Error, tool};

/// Forwarding is the machine's; it stays on, because others may have come to rely on it.
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// The name of the machine's end of a desktop's link.
pub(crate) fn interface(slot: Slot) -> String {
    format!("lun{}", slot.get())
}

/// Links a container whose namespaces exist and whose programs do not run yet.
pub(crate) async fn connect(plan: &ContainerPlan, pid: i32, namespace: OwnedFd) -> Result<(), Error> {
    let NetworkPlan::World { .. } = plan.network else {
        return inside(namespace, links::alone()).await;
    };
    let name = interface(plan.slot);
    // A slot is free once its desktop is swept; what is left there has lost its owner.
    if exists(&name) {
        IP.run("remove a stale link", &["link", "delete", &name], "").await?;
    }
    IP.run("make a link", &["-batch", "-"], &links::outer(&plan.id, plan.slot, pid)).await?;
    admit(plan).await?;
    for (file, value) in [("ipv6/conf/{}/disable_ipv6", "1"), ("ipv4/conf/{}/rp_filter", "1")] {
        set(&format!("/proc/sys/net/{}", file.replace("{}", &name)), value)?;
    }
    IP.run("bring up a link", &["link", "set", &name, "up"], "").await?;
    inside(namespace, links::inner(plan.slot)).await
}

/// Lets what comes over the link of `plan` out into the world.
pub(crate) async fn admit(plan: &ContainerPlan) -> Result<(), Error> {
    let NetworkPlan::World { export } = plan.network else { return Ok(()) };
    set(FORWARDING, "1")?;
    let text = rules::table(&facts::surroundings().await?) + &rules::admit(plan.slot, export);
    NFT.run("set the rules for a desktop", &["-f", "-"], &text).await.map(drop)
}

/// Takes away the link and the rules of a desktop, unless another desktop has its slot by now; says whether there was
/// a link.
pub(crate) async fn disconnect(id: &DesktopId, slot: Slot) -> Result<bool, Error> {
    let name = interface(slot);
    let there = exists(&name);
    if there && !is_of(&name, id) {
        return Ok(false);
    }
    if there {
        match IP.run("remove a link", &["link", "delete", &name], "").await {
            // It goes by itself when the last process of its namespace does.
            Err(Error::Program { .. }) if !exists(&name) => {}
            done => drop(done?),
        }
    }
    let table = NFT.run("list elements", &["list", "table", "inet", "lunette"], "").await;
    if let Ok(text) = table {
        let removal = rules::removal(slot, &text);
        if !removal.is_empty() {
            NFT.run("remove the rules of a desktop", &["-f", "-"], &removal).await?;
        }
    }
    Ok(there)
}

/// Marks an interface that another program made for us as the desktop's.
pub(crate) async fn mark(id: &DesktopId, slot: Slot) -> Result<(), Error> {
    let (name, alias) = (interface(slot), links::alias(id));
    IP.run("mark a link", &["link", "set", "dev", &name, "alias", &alias], "").await?;
    set(&format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1")?;
    set(&format!("/proc/sys/net/ipv4/conf/{name}/rp_filter"), "1")
}

fn exists(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}

fn is_of(name: &str, id: &DesktopId) -> bool {
    let alias = fs::read_to_string(Path::new("/sys/class/net").join(name).join("ifalias"));
    // A link that died between making and marking has no alias.
    alias.is_ok_and(|alias| alias.trim().is_empty() || alias.trim() == links::alias(id))
}

fn set(path: &str, value: &str) -> Result<(), Error> {
    let path = Path::new(path);
    // A kernel without IPv6 has nothing to turn off.
    if path.exists() || !path.starts_with("/proc/sys/net/ipv6") {
        fs::write(path, value).map_err(Error::file("write", path))?;
    }
    Ok(())
}

/// Runs `ip` in a container's network; programs started by a thread are where the thread is.
async fn inside(namespace: OwnedFd, batch: String) -> Result<(), Error> {
    let step = "set up the network of a desktop";
    let handle = tokio::runtime::Handle::current();
    let work = move || {
        in_network_namespace(namespace.as_fd(), || {
            set("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")?;
            handle.block_on(tool::IP.run(step, &["-batch", "-"], &batch)).map(drop)
        })
    };
    let done =
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::process(step)(std::io::Error::other(error)))?;
    done.map_err(Error::process(step))?
}

/// An address as text.
fn address(bytes: [u8; 4]) -> Ipv4Addr {
    Ipv4Addr::from(bytes)
}
